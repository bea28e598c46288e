"""`python -m loadtests VERB`: what the lab does beside plain Locust."""

import argparse
import signal
import sys

from loadtests import load, scale, silk

VERBS = {"load": load, "scale": scale, "silk": silk}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests")
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, module in VERBS.items():
        module.add_arguments(verbs.add_parser(name, help=module.__doc__.splitlines()[0], description=module.__doc__))
    options = parser.parse_args()
    # Whoever is asked to end stops the servers that he has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    return VERBS[options.verb].run(options)


if __name__ == "__main__":
    sys.exit(main())
