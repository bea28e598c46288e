"""Shouted, clipped descriptions as titles for people."""

import re
from collections.abc import Collection, Sequence

TITLE_LENGTH = 200
# Written as here whatever their case in the description.
SPELLINGS = {
    spelling.upper(): spelling
    for spelling in (
        "BBQ",
        "CD",
        "DIY",
        "DVD",
        "II",
        "III",
        "iPod",
        "LED",
        "TV",
        "UFO",
        "UK",
        "USA",
        "VIP",
        "XL",
        "XXL",
    )
} | {"ASS": "Assorted", "ASST": "Assorted", "ASSTD": "Assorted", "HLDR": "Holder"}
SMALL_WORDS = frozenset(
    ("a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "of", "on", "or", "the", "to", "w", "with")
)
SIZE = re.compile(r"\d+(?:\.\d+)?(?:CM|MM|ML|KG|G|M|L|FT|PC|PCS|OZ)?(?:X\d+(?:CM|MM)?)*", re.ASCII)
INITIALS = re.compile(r"[A-Z]\d+|\d[A-Z]|(?:[A-Z]\.)+[A-Z]?\.?")  # A6, 3D, M.O.P.
STANDS_BETWEEN_WORDS = re.compile(r" .* $")
WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*\.?")


def readable_title(description: str) -> str:
    """The description in title case, with small words, sizes and known abbreviations as people write them.

    "SET/6 RED SPOTTY TEA COSY 45X45CM" becomes "Set/6 Red Spotty Tea Cosy 45x45cm". Commas get their
    space, stray punctuation at the ends goes, at most `TITLE_LENGTH` characters stay.
    """
    spaced = re.sub(r"\s*,\s*", ", ", " ".join(description.split())).strip(" ,;:-")
    if spaced.endswith(".") and spaced.count(".") == 1:
        spaced = spaced[:-1]
    title = WORD.sub(cased_word, spaced)
    return title[:TITLE_LENGTH].rstrip()


def cased_word(match: re.Match[str]) -> str:
    """One word of a title in its readable case; small words stay small between other words only."""
    word, upper = match[0], match[0].upper()
    if upper in SPELLINGS:
        return SPELLINGS[upper]
    if SIZE.fullmatch(upper):
        return word.lower()
    if word.lower() in SMALL_WORDS and STANDS_BETWEEN_WORDS.match(match.string[match.start() - 1 : match.end() + 1]):
        return word.lower()
    if INITIALS.fullmatch(upper):
        return upper
    return upper[0] + word[1:].lower()


def slug_of(text: str) -> str:
    """The text as part of a URL: its words in lower case with hyphens between."""
    return "-".join(words_of(text.replace("'", "")))


def words_of(title: str) -> list[str]:
    """The words and numbers of a title in lower case, in order."""
    return re.findall(r"[^\W_]+", title.lower())


def distinguishing_titles(titles: Sequence[str]) -> list[str]:
    """What sets each of several titles apart: its words that not all the others have, else the empty string."""
    shared = set.intersection(*(set(words_of(title)) for title in titles))
    return [own_words(title, shared=shared) for title in titles]


def own_words(title: str, *, shared: Collection[str]) -> str:
    """The title without the shared words and without what would be left hanging at its ends."""
    kept = [part for part in title.split() if not set(words_of(part)) <= set(shared)]
    while kept and kept[-1].lower().strip(",.") in SMALL_WORDS:
        kept.pop()
    while kept and kept[0].lower().strip(",.") in SMALL_WORDS:
        kept.pop(0)
    joined = " ".join(kept).strip(" ,;:-&+/")
    return joined[:1].upper() + joined[1:]
