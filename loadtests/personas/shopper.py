"""What all personas share: they think, they ask, and they judge each answer before Locust counts it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson
from locust import FastHttpUser, between
from locust.exception import RescheduleTask

from loadtests import checks
from loadtests.gate import Gate
from loadtests.shop import loadtest_token

API = "/api/v1"
THINKING_SECONDS = between(1, 3)

Check = Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """A right answer: the document, or the code of a refusal that was right too."""

    document: Any
    refusal: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Shopper(FastHttpUser):
    """Somebody who shops. A wrong answer is a failure in Locust's table and ends the task at hand."""

    abstract = True
    connection_timeout = 10.0
    network_timeout = 30.0
    # Closed while something else is measured (loadtests.beside).
    gate = Gate()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.random = Random()
        self.own_headers = {"Accept": "application/json", "X-Loadtest-Token": loadtest_token()}

    def wait_time(self) -> float:
        """Seconds that a person thinks, times `--think`."""
        return THINKING_SECONDS(self) * getattr(self.environment.parsed_options, "think", 1.0)

    def ask(
        self,
        method: str,
        path: str,
        *,
        name: str,
        check: Check | None = None,
        statuses: Collection[int] = (200,),
        refusals: Mapping[str, Check] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and judge the answer.

        `statuses` are the right ones, the first of them with a document for `check`; `refusals` are
        the codes of refusals that are right as well, each with what to check of it. Anything else
        (429 too) is a failure.
        """
        self.gate.pass_through()
        try:
            with self.client.request(
                method,
                API + path,
                name=name,
                json=body,
                headers=self.own_headers | (headers or {}),
                catch_response=True,
            ) as response:
                try:
                    answer = judge(response, check=check, statuses=statuses, refusals=refusals or {})
                except (checks.WrongAnswer, LookupError, TypeError, ValueError, AttributeError) as wrong:
                    response.failure(f"{type(wrong).__name__}: {wrong}")
                    raise RescheduleTask from wrong
                response.success()
                return answer
        finally:
            self.gate.leave()


def judge(response: Any, *, check: Check | None, statuses: Collection[int], refusals: Mapping[str, Check]) -> Answer:
    """What a response says, if it is right. Raises WrongAnswer, or what a malformed document makes a check raise."""
    if not response.status_code:
        raise checks.WrongAnswer(f"no answer: {type(response.error).__name__}")
    headers = {key.lower(): value for key, value in response.headers.items()}
    text = response.content
    is_json = headers.get("content-type", "").startswith(("application/json", "application/problem+json"))
    document = orjson.loads(text) if text and is_json else None
    if response.status_code in statuses:
        if check is not None and response.status_code == next(iter(statuses)):
            check(document)
        return Answer(document, headers=headers)
    if not headers.get("content-type", "").startswith("application/problem+json"):
        raise checks.WrongAnswer(f"{response.status_code} {headers.get('content-type', 'without a type')}")
    code = checks.problem(document, status=response.status_code)
    if code not in refusals:
        raise checks.WrongAnswer(f"{response.status_code} {code}")
    refusals[code](document)
    return Answer(document, refusal=code, headers=headers)
