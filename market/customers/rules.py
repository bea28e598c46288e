"""How a name is told in one piece and in two."""


def split_full_name(full_name: str) -> tuple[str, str]:
    """First and last name: the last word is the last name, a single word is a first name."""
    words = full_name.split()
    if len(words) < 2:
        return " ".join(words), ""
    return " ".join(words[:-1]), words[-1]


def new_names(
    *,
    present: tuple[str, str],
    first_name: str | None = None,
    last_name: str | None = None,
    full_name: str | None = None,
) -> tuple[str, str]:
    """The names after an edit; None is what the caller left out.

    `full_name` counts only when it says something new: an answer that is sent back with one of the
    two names changed still carries the old full name.
    """
    first = present[0] if first_name is None else first_name
    last = present[1] if last_name is None else last_name
    says_something_new = full_name is not None and full_name.split() != " ".join(present).split()
    if says_something_new and full_name is not None and (first, last) == present:
        return split_full_name(full_name)
    return first, last
