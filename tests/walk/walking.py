"""A client that walks through the API at random, and a walk of several of them at once."""

import json
import random
import re
import threading
from dataclasses import dataclass
from typing import Any

import requests
from django.db import connection

from core.accounts.models import User
from core.accounts.tokens import issue_tokens
from tests.running import Client
from tests.walk.steps import STEPS, Step
from tests.walk.world import World

# Routes that only staff get through: mostly asked as staff, whoever walks.
AS_STAFF = 0.85


@dataclass(frozen=True, slots=True)
class Taken:
    """One step that was taken. Status 0: the connection broke."""

    walker: str
    count: int
    route: tuple[str, str]
    method: str
    path: str
    body: str
    status: int
    answer: str
    code: str

    def __str__(self) -> str:
        return f"{self.walker} {self.count}: {self.method} {self.path} {self.body} -> {self.status} {self.answer}"


class Walk:
    """What all walkers share: the world, the steps taken, the orders acknowledged, and the end at a failure."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.taken: list[Taken] = []
        self.acknowledged: list[dict[str, str]] = []
        self.failed: list[Taken] = []

    def run(self, walkers: list["Walker"], *, steps: int) -> list[threading.Thread]:
        """Let each walk so many steps, all at once; the threads end by themselves."""
        threads = [
            threading.Thread(
                target=walker.walk, args=(routes_of(number, len(walkers), steps=steps, dice=walker.dice),), daemon=True
            )
            for number, walker in enumerate(walkers)
        ]
        for thread in threads:
            thread.start()
        return threads

    def told(self, *, last: int) -> str:
        """The last steps, for the message of a failed test."""
        return "\n".join(str(step) for step in self.taken[-last:])


def routes_of(number: int, walkers: int, *, steps: int, dice: random.Random) -> list[tuple[str, str]]:
    """The routes of one walker: first his share of all, so that each is tried, then by their weight."""
    share = sorted(STEPS)[number::walkers]
    dice.shuffle(share)
    weights = [step.weight for step in STEPS.values()]
    return (share + dice.choices(list(STEPS), weights, k=max(0, steps - len(share))))[:steps]


class Caller:
    """Somebody with a client of his own: a guest, or a user who signs in again when his tokens were ended."""

    def __init__(self, client: Client, user: User | None = None) -> None:
        self.client = client
        self._user = user
        self.sign_in()

    def sign_in(self) -> None:
        if self._user is not None:
            self._user.refresh_from_db()
            self.client.headers["Authorization"] = f"Bearer {issue_tokens(user=self._user).access}"


class Walker:
    """One client. Its dice alone decide what it asks; what it meets, the others have a hand in."""

    def __init__(self, name: str, *, walk: Walk, seed: str, own: "Caller", staff: "Caller", staff_routes: set) -> None:
        self.name = name
        self.dice = random.Random(f"{seed} {name}")
        self._walk = walk
        self._own = own
        self._staff = staff
        self._staff_routes = staff_routes

    def walk(self, routes: list[tuple[str, str]]) -> None:
        for count, route in enumerate(routes):
            if self._walk.failed:
                break
            self._take(count, route)
        connection.close()

    def _take(self, count: int, route: tuple[str, str]) -> None:
        method, template = route
        step, world = STEPS[route], self._walk.world
        thing = world.some(step.of, self.dice) if step.of else {}
        content = step.body(world, self.dice, thing)
        path = path_of(template, thing | step.values) + self.dice.choice(step.queries)
        is_staffs = route in self._staff_routes or (step.of == "order" and self.dice.random() < 0.3)
        caller = self._staff if is_staffs and self.dice.random() < AS_STAFF else self._own
        status, answer = ask(caller.client, method, path, step, content, token=thing.get("token"))
        shown = f"<{len(content)} bytes>" if isinstance(content, bytes) else json.dumps(content)
        is_refusal = 400 <= status < 500
        taken = Taken(
            *(self.name, count, route, method, path, shown, status),
            answer="" if 0 < status < 400 else str(answer)[:300],
            code=answer["code"] if is_refusal else "",
        )
        self._walk.taken.append(taken)
        if status == 401:
            caller.sign_in()
        if status == 0 or status >= 500:
            self._walk.failed.append(taken)
        elif status in {200, 201}:
            if template == "orders/" and method == "post":
                seen = {"number": answer["number"], "cart": content["cart"], "grand_total": answer["grand_total"]}
                self._walk.acknowledged.append(seen)
            step.learn(world, thing, answer)
        elif status == 404 or (status, method) == (204, "delete") or taken.code == "cart_ordered":
            world.forget(step.of, thing)


def path_of(template: str, values: dict[str, Any]) -> str:
    return "/api/v1/" + re.sub(r"<(\w+)>", lambda name: str(values[name[1]]), template)


def ask(client: Client, method: str, path: str, step: Step, content: Any, *, token: str | None) -> tuple[int, Any]:
    """The status and the document of the answer, or its text where it is none."""
    headers = {"X-Order-Token": token} if token else {}
    options = {"files": {step.upload: ("walk", content)}, "data": step.fields} if step.upload else {"json": content}
    try:
        answer = client.request(method, path, headers=headers, **options)
    except requests.RequestException as error:
        return 0, str(error)
    is_json = "json" in answer.headers.get("Content-Type", "")
    return answer.status_code, answer.json() if is_json and answer.content else answer.text
