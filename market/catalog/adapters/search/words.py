"""What a shopper's words may stand for: the same word in another form, its continuations, a typo mended.

Plain Python. Documents hold words as they are written; a query is widened instead, so that a change
of the rules, or of the shop's language, rewrites no row.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from market.catalog.rules import LONGEST_WORD, search_words

# A text of a hundred characters that is no heap of single letters has fewer.
MAX_WORDS = 12
# Shorter words have too many neighbors to guess.
SHORTEST_MENDED = 4
TWO_TYPOS_FROM = 8
MENDINGS = 3
# A shorter beginning of a number tells nothing beside another word.
SHORTEST_NUMBER = 3
# A beginning of a word that stands for more products than this is spelled out by its commonest
# continuations: reading all of them from the index would cost more than the page.
BROAD = 20_000
CONTINUATIONS = 50
MAX_SHELVES = 100


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a query: the whole `words` that may stand for it, `typed` among them, whether any
    word that begins with it does, and the categories whose name it is."""

    typed: str
    words: tuple[str, ...]
    is_prefix: bool
    shelves: tuple[int, ...] = ()

    def covers(self, word: str) -> bool:
        """Whether a word of a text is what was asked for."""
        return word in self.words or (self.is_prefix and word.startswith(self.typed))


class Vocabulary:
    """The words of the catalog: how many products have each, and the stem that its other forms share.

    `shelves` are the ids of each category and of those below it by the words of its name; `products`
    is how many are listed.
    """

    def __init__(
        self,
        *,
        counts: Mapping[str, int],
        stems: Mapping[str, str],
        shelves: Mapping[str, Sequence[int]],
        products: int = 0,
    ) -> None:
        self.counts = counts
        self.stems = stems
        self.shelves = shelves
        self.products = products
        self._sorted = sorted(counts)
        self._terms = lru_cache(maxsize=4096)(self._term)

    def terms(self, text: str) -> tuple[Term, ...]:
        """What the words of a text stand for, each once; the last one may be unfinished."""
        words = list(dict.fromkeys(word[:LONGEST_WORD] for word in search_words(text)))[:MAX_WORDS]
        return tuple(self._terms(word, place == len(words), len(words) == 1) for place, word in enumerate(words, 1))

    def _term(self, word: str, is_last: bool, is_alone: bool) -> Term:
        if not word.isalpha() and not is_alone and (not is_last or len(word) < SHORTEST_NUMBER):
            # Part of a SKU: the beginnings of all SKUs with one digit would be read from the index.
            return Term(word, self._forms([word]), is_prefix=False)
        is_known = word in self.counts
        continuations = self._beginning_with(word)
        if is_known or continuations:
            whole = self._forms([word])
            is_prefix = is_last or not is_known
        else:
            whole = self._forms([word, *self._mended(word)])
            is_prefix = True
        if is_prefix and sum(self.counts[longer] for longer in continuations) > BROAD:
            commonest = sorted(continuations, key=lambda longer: (-self.counts[longer], longer))
            whole, is_prefix = self._forms([*whole, *commonest[:CONTINUATIONS]]), False
        return Term(word, whole, is_prefix, self._shelves_named(word, whole, is_prefix=is_prefix))

    def _beginning_with(self, beginning: str) -> Sequence[str]:
        first = bisect_left(self._sorted, beginning)
        last = bisect_left(self._sorted, beginning + "\U0010ffff")
        return self._sorted[first:last]

    def _forms(self, words: Iterable[str]) -> tuple[str, ...]:
        """The words, and those that share a stem with one of them."""
        forms = dict.fromkeys(words)
        for word in tuple(forms):
            forms |= dict.fromkeys(self._by_stem.get(self.stems.get(word, ""), ()))
        return tuple(forms)

    def _mended(self, word: str) -> list[str]:
        """The words nearest to one that nobody knows, the commonest first; none for a number or a short word."""
        if len(word) < SHORTEST_MENDED or any(letter.isdigit() for letter in word):
            return []
        typos = 2 if len(word) >= TWO_TYPOS_FROM else 1
        near = process.extract(word, self._sorted, scorer=OSA.distance, score_cutoff=typos, limit=None)
        if not near:
            return []
        fewest = min(distance for _, distance, _ in near)
        nearest = [known for known, distance, _ in near if distance == fewest]
        return sorted(nearest, key=lambda known: (-self.counts[known], known))[:MENDINGS]

    def _shelves_named(self, word: str, whole: Iterable[str], *, is_prefix: bool) -> tuple[int, ...]:
        names = [*whole, *(name for name in self.shelves if is_prefix and name.startswith(word))]
        return tuple(sorted({shelf for name in names for shelf in self.shelves.get(name, ())})[:MAX_SHELVES])

    @cached_property
    def _by_stem(self) -> Mapping[str, list[str]]:
        by_stem = defaultdict(list)
        for word, stem in self.stems.items():
            by_stem[stem].append(word)
        return by_stem


NO_WORDS = Vocabulary(counts={}, stems={}, shelves={})
