"""What a step of the random walk is, and the small things that bodies are made of."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image

from tests.walk.world import World

Body = Callable[[World, random.Random, dict], Any]
Learn = Callable[[World, dict, Any], None]
PAGES = ("", "?limit=2", "?limit=3&offset=1")
PASSWORD = "correct-horse-battery"
ADDRESS = {"name": "Ada Buyer", "line1": "1 Long Lane", "city": "London", "postal_code": "EC1A 1BB"}


def no_body(world: World, dice: random.Random, thing: dict) -> None:
    return None


def learn_nothing(world: World, thing: dict, answer: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Step:
    """`of` is the kind of thing that the path names, `queries` what a list may be asked, `fields` what an upload says
    beside its file."""

    weight: float = 1
    of: str = ""
    body: Body = no_body
    learn: Learn = learn_nothing
    queries: tuple[str, ...] = ("",)
    upload: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)


def word(dice: random.Random) -> str:
    return f"w{dice.randrange(10**9):09}"


def price(dice: random.Random) -> str:
    return dice.choice(["0.00", "0.01", "4.99", "5.00", "10.00", "19.95", "250.00"])


def picture(world, dice, thing):
    buffer = BytesIO()
    Image.new("RGB", (40, 30), (dice.randrange(256), 80, 80)).save(buffer, format="PNG")
    return buffer.getvalue()


def manual(world, dice, thing):
    return b"%PDF-1.7\n" + word(dice).encode() + dice.choice([b"", b"\n%%EOF\n", b"\n%%EOF\n"])
