"""`python -m storefront.embedded run | with-servers -- COMMAND …`."""

import argparse
import os
import sys
from pathlib import Path

import environ

from storefront.embedded.processes import CannotStart
from storefront.embedded.shop import ROOT, run_shop
from storefront.embedded.with_servers import run_with_servers


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m storefront.embedded")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("run", help="start the whole shop and keep it running")
    wrapped = verbs.add_parser("with-servers", help="run a command with a database and a broker of its own")
    wrapped.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    try:
        if arguments.verb == "run":
            environ.Env.read_env(Path(ROOT) / ".env", overwrite=False)
            return run_shop(os.environ)
        command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
        return run_with_servers(command, os.environ)
    except CannotStart as error:
        print(f"Cannot start: {error}.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
