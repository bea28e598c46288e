"""What the person at the terminal sees: each line with the name of the process that wrote it."""

import sys

COLORS = {"postgres": 34, "valkey": 31, "mail": 35, "web": 32, "worker": 36, "beat": 33, "prepare": 90}
WIDTH = max(map(len, COLORS))


class Console:
    """Prints prefixed lines; in color on a terminal."""

    def __init__(self) -> None:
        self.has_color = sys.stdout.isatty()

    def line(self, name: str, text: str) -> None:
        """One line of a process's output."""
        prefix = f"{name:<{WIDTH}} |"
        if self.has_color:
            prefix = f"\033[{COLORS.get(name, 37)}m{prefix}\033[0m"
        print(prefix, text, flush=True)

    def say(self, text: str) -> None:
        """One line of our own."""
        print(f"\033[1m{text}\033[0m" if self.has_color else text, flush=True)
