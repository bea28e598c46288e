"""What a text is found guilty of, what ratings come to, and how an author is named."""

from decimal import Decimal
from statistics import mean
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.reviews.rules import FINDINGS, findings_of, shown_author, summary_of

CLEAN = "Bright and sturdy, and it came on time."
WORDS = ("casino", "free money")


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        (CLEAN, []),
        ("Sehr schöne Lampe, gerne wieder!", []),
        ("とても明るくて丈夫なランプです", []),
        ("Size XXL by USB-C, 230 V, 12.50 GBP, bought on 2026-11-21.", []),
        ("Nice... but the box (30 x 40 x 120) was dented!!!", []),
        ("", ["too_short"]),
        ("Good. 10/10", ["too_short"]),
        ("Won it at the CASINO last night", ["forbidden_word"]),
        ("They offer Free-Money to everybody", ["forbidden_word"]),
        ("The occasional casinoesque lamp, free of money", []),
        ("Better lamps at https://evil.example/x", ["link"]),
        ("Better lamps at www.evil.example", ["link"]),
        ("Better lamps at evil-lamps.shop today", ["link"]),
        ("Write to me, ann@evil.example, for more", ["contact"]),
        ("Call me: +44 20 7946 0958 for more", ["contact"]),
        ("THIS IS THE WORST LAMP EVER", ["shouting"]),
        ("\uff23\uff21\uff33\uff29\uff2e\uff2f is what it looks like", ["forbidden_word"]),
        ("It is sooooooo good, I love it", ["repetition"]),
        ("BUY AT HTTPS://EVIL.EXAMPLE OR AT A CASINO!!!!!!!!", ["forbidden_word", "link", "shouting", "repetition"]),
    ],
)
def test_what_waits_for_staff(text, findings):
    found = findings_of(title="", body=text, is_verified=True, forbidden_words=WORDS)
    assert found == findings
    assert findings_of(title=text, body="", is_verified=False, forbidden_words=WORDS) == ["unverified", *findings]


@pytest.mark.parametrize("text", ["a-", "a@", "1 ", "a.", "w", "@a"])
def test_no_text_takes_long(text):
    began = process_time()
    findings_of(title="", body=text * 20_000, is_verified=True, forbidden_words=WORDS)
    assert process_time() - began < 5  # 0.2 s at most; 30 s where the time grows with the square of the length


@settings(max_examples=30)
@given(title=st.text(), body=st.text(), words=st.lists(st.text(max_size=5), max_size=3))
def test_any_text_is_judged_in_the_words_of_the_list(title, body, words):
    found = findings_of(title=title, body=body, is_verified=True, forbidden_words=words)
    assert [name for name in FINDINGS if name in found] == found


@settings(max_examples=30)
@given(st.lists(st.integers(min_value=1, max_value=5), max_size=60))
def test_the_mean_has_two_places_and_the_distribution_every_rating(ratings):
    summary = summary_of({rating: ratings.count(rating) for rating in set(ratings)})
    assert summary.review_count == len(ratings) == sum(summary.distribution.values())
    assert list(summary.distribution) == [1, 2, 3, 4, 5]
    if ratings:
        assert abs(summary.rating - mean(map(Decimal, ratings))) <= Decimal("0.005")
    else:
        assert summary.rating is None


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [("Ada", "Byron", "Ada B."), (" Ada ", "", "Ada"), ("", "Byron", ""), ("", "", ""), ("Ada", "ß", "Ada ß.")],
)
def test_an_author_is_a_first_name_and_an_initial(first, last, shown):
    assert shown_author(first_name=first, last_name=last) == shown
