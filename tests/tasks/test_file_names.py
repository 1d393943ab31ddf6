"""What files are called here: as their owners call them, but for what harms or can't be seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.tasks.files import LONGEST_NAME, plain_name

FAMILY = "👨‍👩‍👧‍👦"
ENGLAND = "\U0001f3f4" + "".join(chr(0xE0000 + ord(each)) for each in "gbeng") + "\U000e007f"


@pytest.mark.parametrize(
    "name",
    [f"{FAMILY}.jpg", f"{ENGLAND}.png", "❤️‍🔥.gif", "🙂‍↔️.png", "می‌خواهم.txt", "क्‍ष.txt", ".env", ".a.b", "v1..2.txt"],
)
def test_a_name_is_kept_with_what_joins_its_characters_and_the_dot_it_begins_with(name: str) -> None:
    assert plain_name(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\u200db.txt", "ab.txt"),
        ("\u202egpj.exe", "gpj.exe"),
        ("счёт\u2066\u200f.pdf", "счёт.pdf"),
        ("a\u00adb\ufeff.txt", "ab.txt"),
        ("\u200d", "file"),
        ("Снимок 10.30\u202fPM.png", "Снимок 10.30 PM.png"),
        ("...", "file"),
        ("..\\..", "file"),
        ("..env", ".env"),
        ("a/.. ", "file"),
    ],
)
def test_invisible_characters_and_paths_are_dropped_from_names(name: str, shown: str) -> None:
    assert plain_name(name) == shown


def test_a_name_that_is_cut_keeps_its_ending_and_no_half_of_a_picture() -> None:
    cut = plain_name(FAMILY * 100 + ".jpg")
    assert len(cut) <= LONGEST_NAME and cut.endswith(".jpg") and not cut.removesuffix(".jpg").endswith("\u200d")


@given(st.text(max_size=300))
def test_no_name_is_empty_or_a_way_or_too_long_and_each_stays_as_it_is(name: str) -> None:
    kept = plain_name(name)
    assert kept.strip(" .") and not set("/\\\0\r\n\u202e\u2066") & set(kept) and len(kept) <= LONGEST_NAME
    assert plain_name(kept) == kept
