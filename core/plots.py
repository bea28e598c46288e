"""Amounts over time as shapes for a drawing: plain numbers, which a template turns into SVG."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Decimal

from core.money import ZERO

WIDTH, HEIGHT = 960, 380
LEFT, RIGHT = 70, 945
# The lines are drawn in the upper part, the bars in the lower one.
TOP, MIDDLE = 20, 235
BARS_TOP, BOTTOM = 265, 340
MOST_DAYS, MOST_WEEKS = 92, 7 * 160
LABELS = 12
STEPS = 4
NICE = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One time of the plot: a bar as high as its amount, above or below zero, and all amounts."""

    x: float
    y: float
    width: float
    height: float
    start: date
    values: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """Two lines above, bars below: each line as SVG's `points`, y downward. `unit` is day, week or month."""

    unit: str
    lines: tuple[str, ...]
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    bar_ticks: tuple[Tick, ...]
    labels: tuple[Tick, ...]

    @property
    def has_gain(self) -> bool:
        """Whether a bar stands for less than nothing."""
        return any(bar.values[-1] < 0 for bar in self.bars)


def plot_of(days: Mapping[date, Sequence[Decimal]]) -> Plot | None:
    """Draw the amounts of each day, the last of which is that of the bars; None without a day.

    Days that are missing count as nothing. A longer time is drawn by weeks or months, which begin on Mondays and
    firsts.
    """
    if not days:
        return None
    unit, begin = _unit(days)
    sums = _sums(days, begin)
    starts = list(sums)
    columns = list(zip(*sums.values(), strict=True))
    scale = _ticks(max(max(values) for values in columns[:-1]), MIDDLE, TOP)
    bar_scale = _ticks(max(map(abs, columns[-1])), BOTTOM, BARS_TOP, steps=2)
    width = (RIGHT - LEFT) / len(starts)
    centers = [LEFT + width * (place + 0.5) for place in range(len(starts))]
    # A time alone is drawn as wide as its bar: a line of one point would not be seen.
    shifts = (0.0,) if len(starts) > 1 else (-width * 0.4, width * 0.4)
    bars = []
    for center, (start, values) in zip(centers, sums.items(), strict=True):
        top = bar_scale.place(abs(values[-1]))
        bars.append(
            Bar(
                round(center - width * 0.4, 1), top, round(width * 0.8, 1), round(BOTTOM - top, 1), start, tuple(values)
            )
        )
    every = -(-len(starts) // LABELS)
    form = "%b %Y" if unit == "month" else "%d %b %Y" if len({start.year for start in starts}) > 1 else "%d %b"
    return Plot(
        unit=unit,
        lines=tuple(
            " ".join(
                f"{center + shift:.1f},{scale.place(value)}"
                for center, value in zip(centers, values, strict=True)
                for shift in shifts
            )
            for values in columns[:-1]
        ),
        bars=tuple(bars),
        ticks=scale.ticks,
        bar_ticks=bar_scale.ticks,
        labels=tuple(
            Tick(round(centers[place], 1), f"{starts[place]:{form}}") for place in range(0, len(starts), every)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    highest: Decimal
    bottom: int
    top: int
    ticks: tuple[Tick, ...]

    def place(self, value: Decimal) -> float:
        """Where the value stands; nothing hangs below the axis."""
        return _place(max(value, ZERO), self.highest, self.bottom, self.top)


def _place(value: Decimal, highest: Decimal, bottom: int, top: int) -> float:
    return round(bottom - float(value / highest) * (bottom - top), 1)


def _ticks(most: Decimal, bottom: int, top: int, steps: int = STEPS) -> _Scale:
    """An axis from zero to a round amount at or above the most."""
    least = max(most, Decimal(1)) / steps
    power = Decimal(10) ** least.adjusted()
    step = next(nice * power for nice in NICE if nice * power >= least)
    count = int((max(most, Decimal(1)) / step).to_integral_value(ROUND_CEILING))
    highest = step * count
    ticks = tuple(
        Tick(_place(step * number, highest, bottom, top), f"{(step * number).normalize():,f}")
        for number in range(count + 1)
    )
    return _Scale(highest, bottom, top, ticks)


def _unit(days: Mapping[date, Sequence[Decimal]]) -> tuple[str, Callable[[date], date]]:
    length = (max(days) - min(days)).days + 1
    if length <= MOST_DAYS:
        return "day", lambda day: day
    if length <= MOST_WEEKS:
        return "week", lambda day: day - timedelta(days=day.weekday())
    return "month", lambda day: day.replace(day=1)


def _sums(days: Mapping[date, Sequence[Decimal]], begin: Callable[[date], date]) -> dict[date, list[Decimal]]:
    """The amounts of each time from the first to the last, also where there was nothing."""
    count = len(next(iter(days.values())))
    day, last = min(days), max(days)
    sums: dict[date, list[Decimal]] = {}
    while day <= last:
        amounts = sums.setdefault(begin(day), [ZERO] * count)
        for place, amount in enumerate(days.get(day, ())):
            amounts[place] += amount
        day += timedelta(days=1)
    return sums
