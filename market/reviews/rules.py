"""What a rating comes to, how an author is named, and which texts staff look at first."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

LOWEST, HIGHEST = 1, 5
RATINGS = tuple(range(LOWEST, HIGHEST + 1))
HUNDREDTH = Decimal("0.01")

# Why a review waits for staff, by what `findings` calls it.
FINDINGS = {
    "unverified": "No delivered order of the customer holds the product.",
    "too_short": "The text says next to nothing.",
    "forbidden_word": "The text has a word of the shop's list.",
    "link": "The text has a link.",
    "contact": "The text has an email address or a telephone number.",
    "shouting": "Most of the text is in capitals.",
    "repetition": "A character is repeated over and over.",
}
FEWEST_LETTERS = 10
# Short words in capitals are brands and sizes ("USB", "XXL").
SHOUTED_LETTERS = 12
SHOUTED_RATIO = 0.7

_LINK = re.compile(
    r"(?:https?:|www\.)\S|\b[\w-]{1,63}\.(?:biz|com|info|io|me|net|online|org|ru|shop|site|top|xyz|(?:co\.)?uk)\b",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")
# Nine digits and more, however they are grouped: no size, price or year is as long.
_TELEPHONE = re.compile(r"(?:\d[\s().\-/]{0,2}){9}")
_WORD = re.compile(r"\w+")
_REPETITION = re.compile(r"(\S)\1{5}")


@dataclass(frozen=True, slots=True)
class Summary:
    """What some ratings come to: the mean with two places (None without any), and how many there are of each."""

    rating: Decimal | None
    review_count: int
    distribution: dict[int, int]


def summary_of(counts: Mapping[int, int]) -> Summary:
    """The summary of so many reviews of each rating."""
    count = sum(counts.values())
    total = sum(rating * times for rating, times in counts.items())
    mean = (Decimal(total) / count).quantize(HUNDREDTH, ROUND_HALF_UP) if count else None
    return Summary(mean, count, {rating: counts.get(rating, 0) for rating in RATINGS})


def findings_of(*, title: str, body: str, is_verified: bool, forbidden_words: Collection[str]) -> list[str]:
    """Why staff look at this review before the public does, in the order of `FINDINGS`; none: it is approved.

    `forbidden_words` may be words or phrases; they are met as whole words, whatever their case.
    """
    text = unicodedata.normalize("NFKC", f"{title}\n{body}")
    letters = [character for character in text if character.isalpha()]
    words = _spaced_words(text)
    forbidden = [phrase for phrase in map(_spaced_words, forbidden_words) if phrase.strip()]
    met = {
        "unverified": not is_verified,
        "too_short": len(letters) < FEWEST_LETTERS,
        "forbidden_word": any(phrase in words for phrase in forbidden),
        "link": bool(_LINK.search(text)),
        "contact": bool(_EMAIL.search(text) or _TELEPHONE.search(text)),
        "shouting": len(letters) >= SHOUTED_LETTERS and sum(map(str.isupper, letters)) > SHOUTED_RATIO * len(letters),
        "repetition": bool(_REPETITION.search(text)),
    }
    return [name for name in FINDINGS if met[name]]


def shown_author(*, first_name: str, last_name: str) -> str:
    """How an author is named in public: `Ada B.`, or `Ada`; empty for who has given no first name."""
    initial = last_name.strip()[:1]
    return f"{first_name.strip()} {initial}." if first_name.strip() and initial else first_name.strip()


def _spaced_words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "
