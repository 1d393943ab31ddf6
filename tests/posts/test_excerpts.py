"""The beginning of a post in plain words: in notifications, mails, lists and the feed."""

import pytest

from helpdesk.posts.excerpts import beginning

WORST = [
    "![" * 250 + "](a)" * 250,
    "![" * 166 + "](a.png)" * 83,
    "[" * 1_000,
    "[[" * 500,
    "[a](" * 250,
    "*a **a " * 142,
    "~~a" * 333,
    ">" * 1_000,
    "- > " * 250,
    "[a]: /b\n" * 125,
    "a|b\n-|-\n" + "|\n" * 450,
    "|" * 200 + "\n" + "|-" * 200 + "\n" + "a\n" * 200,
]


@pytest.mark.parametrize(
    "typed",
    [
        "some_file_name",
        "C# и F#",
        "5 > 3, 2*3=6",
        "#123",
        "a|b",
        "https://x.test/a_b_c#d",
        "<script>alert(1)</script> <b>жирно</b>",
        "a ~ b",
        "1 - 2 + 3",
        "[ERROR](refused)",
    ],
)
def test_what_is_no_markup_stays_as_it_was_typed(typed: str) -> None:
    assert beginning(typed) == typed


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("# Сеть\n\n- в **субботу** [днём](https://a.test)\n- ![план](a.png) `код`", "Сеть в субботу днём план код"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b 1 2"),
        ("1. раз\n2. ~~два~~\nтри  \nчетыре\n\n---", "раз два три четыре"),
        ("```python\nx = a_b ** 2\n```", "x = a_b ** 2"),
        ("\\*не курсив\\* &amp; &lt;", "*не курсив* & <"),
        ("[[a_b]] [[VPN|сеть]] `[[код]]`", "a_b сеть [[код]]"),
        ("![**план** этажа](a.png)", "план этажа"),
        ("> Когда?\n\nЗавтра", "Завтра"),
        ("> Когда?\n>> Кто?", "Когда? Кто?"),
        ("a\u202eb\x07", "ab"),
        ("***", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_words_of_markup_stay_without_its_signs(typed: str, shown: str) -> None:
    assert beginning(typed) == shown


def test_a_long_text_ends_with_a_whole_word() -> None:
    shown = beginning("**слово** " * 10_000)
    assert len(shown) <= 200 and shown.endswith("слово…") and "*" not in shown


@pytest.mark.parametrize("typed", WORST, ids=range(len(WORST)))
def test_every_text_has_a_beginning(typed: str) -> None:
    assert len(beginning(typed * 100)) <= 200


def test_what_would_take_long_is_shown_as_it_was_typed() -> None:
    typed = "|" * 99 + "\n" + "|-" * 99 + "|\n" + "a\n" * 300
    assert beginning(typed) == "|" * 99 + "…"
