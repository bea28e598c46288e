"""What `make load` tells its Locust process to measure. Imports nothing, as Locust patches what comes after it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure for how long, and where the outcome is left."""

    bare_url: str
    bare_folder: str
    web: list[int]
    bare: list[int]
    database: list[int]
    result: str
    shop_seconds: float = 4.0
    bare_seconds: float = 1.0
