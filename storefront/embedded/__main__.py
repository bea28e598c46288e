"""`python -m storefront.embedded run | with-servers -- COMMAND | manage COMMAND | psql | remove-data`."""

import argparse
import os
import sys
from collections.abc import Mapping

import environ

from storefront.embedded.commands import ROOT, remove_data, run_manage, run_psql
from storefront.embedded.processes import CannotStart
from storefront.embedded.shop import run_shop
from storefront.embedded.with_servers import run_with_servers


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m storefront.embedded")
    verbs = parser.add_subparsers(dest="verb", required=True)
    run = verbs.add_parser("run", help="start the whole shop and keep it running")
    run.add_argument("--reload", action="store_true", help="a web server that starts anew when code changes")
    wrapped = verbs.add_parser("with-servers", help="run a command with a database and a broker of its own")
    wrapped.add_argument("command", nargs=argparse.REMAINDER)
    for verb, meaning in (("manage", "a management command on the running shop"), ("psql", "a SQL shell on it")):
        verbs.add_parser(verb, help=meaning, add_help=False).add_argument("command", nargs=argparse.REMAINDER)
    verbs.add_parser("remove-data", help="delete the data of a stopped shop")
    arguments = parser.parse_args()
    command = getattr(arguments, "command", [])
    command = command[1:] if command[:1] == ["--"] else command
    try:
        match arguments.verb:
            case "with-servers":
                return run_with_servers(command, os.environ)
            case "psql":
                return run_psql(command, _with_env_file())
            case "manage":
                return run_manage(command, _with_env_file())
            case "remove-data":
                return remove_data(_with_env_file())
        return run_shop(_with_env_file(), does_reload=arguments.reload)
    except CannotStart as error:
        print(f"Cannot start: {error}.", file=sys.stderr)
        return 1


def _with_env_file() -> Mapping[str, str]:
    """The environment, completed from `.env` as the settings do it."""
    environ.Env.read_env(ROOT / ".env", overwrite=False)
    return os.environ


if __name__ == "__main__":
    sys.exit(main())
