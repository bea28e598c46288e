"""How far a command is, drawn where somebody looks and written line by line where nobody does."""

import time
from typing import TextIO

WIDTH = 30
SECONDS_BETWEEN_DRAWINGS = 0.1
SECONDS_BETWEEN_LINES = 5.0


class ProgressBar:
    """`[######------]  45 %  18,000 of 40,000  1,200/s  18 s left` on a terminal; else a line now and then."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._drawn_at = 0.0
        self._length = 0

    def show(self, *, done: int, total: int | None, rate: float | None, eta_seconds: int | None) -> None:
        """Tell how far it is, unless that was told a moment ago."""
        pause = SECONDS_BETWEEN_DRAWINGS if self._is_terminal else SECONDS_BETWEEN_LINES
        is_last = total is not None and done >= total
        if time.monotonic() - self._drawn_at < pause and not is_last:
            return
        self._drawn_at = time.monotonic()
        text = progress_text(done=done, total=total, rate=rate, eta_seconds=eta_seconds)
        if not self._is_terminal:
            self._stream.write(f"{text}\n")
        else:
            self._stream.write("\r" + text.ljust(self._length))
            self._length = len(text)
        self._stream.flush()

    def end(self) -> None:
        """Leave the bar as it is and go on below it."""
        if self._is_terminal and self._length:
            self._stream.write("\n")
            self._length = 0


def progress_text(*, done: int, total: int | None, rate: float | None, eta_seconds: int | None) -> str:
    """One line that says how far it is."""
    if total is None:
        return "preparing"
    share = done / total if total else 1.0
    filled = int(WIDTH * share)
    parts = [f"[{'#' * filled}{'-' * (WIDTH - filled)}] {int(100 * share):3} %", f"{done:,} of {total:,}"]
    if rate:
        parts.append(f"{rate:,.0f}/s")
    if eta_seconds is not None and done < total:
        parts.append(f"{eta_seconds:,} s left")
    return "  ".join(parts)
