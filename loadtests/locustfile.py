"""The shop under load: `locust -f loadtests/locustfile.py --host http://localhost:8000`.

Personas: Browser, Buyer, and Classic (two lists, four products, one thing into the cart; alone with
`--tags classic`). Every body is checked; a right refusal is no failure, being throttled is one. The
throttles are lifted by a token: LOADTEST_TOKEN, else what `make run` left in its data folder.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import gevent
from locust import events
from locust.env import Environment

from loadtests.beside import Beside
from loadtests.personas.browser import Browser
from loadtests.personas.buyer import Buyer
from loadtests.personas.classic import Classic
from loadtests.personas.shopper import Shopper
from loadtests.plan import Plan
from loadtests.until import Until

__all__ = ["Browser", "Buyer", "Classic"]


@events.init_command_line_parser.add_listener
def add_options(parser) -> None:
    parser.add_argument(
        "--think", type=float, default=1.0, metavar="FACTOR", help="multiplies the 1 to 3 s that a person thinks"
    )
    parser.add_argument(
        "--beside", default="", metavar="FILE", help="measure a bare view in turns, as this plan says (make load)"
    )
    parser.add_argument(
        "--until",
        action="append",
        default=[],
        metavar="NAME=COUNT",
        help="end before the time is over, when this was asked so often (Aggregated is all); may be given again",
    )


@events.init.add_listener
def leave_out_those_without_tasks(environment: Environment, **_) -> None:
    """With `--tags` a persona may have nothing to do; Locust would fail to make it."""
    wanted = set(environment.parsed_options.tags or [])
    if wanted:
        environment.user_classes[:] = [
            persona
            for persona in environment.user_classes
            if any(wanted & getattr(action, "locust_tag_set", set()) for action in persona.tasks)
        ]


@events.init.add_listener
def measure_beside(environment: Environment, **_) -> None:
    """Take turns with the bare view from the moment when everybody shops; end when enough was asked."""
    options, beside = environment.parsed_options, None
    if options.beside:
        plan = Plan(**json.loads(Path(options.beside).read_text()))
        beside = Beside(environment, Shopper.gate, plan)
        environment.events.spawning_complete.add_listener(lambda **_: gevent.spawn(beside.run))
        environment.events.quit.add_listener(lambda **_: beside.write(environment.stats))
    if options.until:
        Until(environment, options.until, has_rest=lambda: beside is None or bool(beside.pairs))
