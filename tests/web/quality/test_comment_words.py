"""The last comment of a request is words, whatever its markup, and wherever that was cut off."""

import pytest

from helpdesk.reports.model import LONGEST_BEGINNING
from helpdesk.web.quality.comment_words import words

TEXTILE = '*Жалоба* на "отель":https://example.org\n\nh2. Номер\n\n* душ <script>alert(1)</script>'
STYLES = "<html><head><style>" + "p.MsoNormal {margin: 0cm}\n" * 100 + "</style></head><body><p>Добрый день</p></body>"
CUT_OFF = (
    "<style>",
    "<script>",
    "<head><style>",
    "<!-- [if mso]>",
    "<STYLE type='text/css'>",
    '<img src="data:image/png;',
)


def test_textile_is_shown_without_its_marks() -> None:
    assert words(TEXTILE, "textile") == "Жалоба на отель Номер душ <script>alert(1)</script>"


def test_a_mail_is_shown_without_its_styles() -> None:
    assert words(STYLES, "html") == words(STYLES, None) == "Добрый день"


@pytest.mark.parametrize("begin", CUT_OFF)
def test_what_was_cut_off_is_no_word(begin: str) -> None:
    text = f"<style>a {{}}</style><p>Добрый день</p>{begin}" + "margin:0" * LONGEST_BEGINNING
    assert words(text[:LONGEST_BEGINNING], "html") == "Добрый день"


def test_what_was_typed_to_its_end_is_kept() -> None:
    assert words("<p>цена < 5</p> и <style> без конца", "html") == "цена < 5 и <style> без конца"
