"""Every sentence in every language."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from helpdesk.errors import sentence
from helpdesk.languages import CATALOGUES, LANGUAGES, choose, say

ROOT = Path(__file__).parent.parent
METHODS = [("helpdesk/**.py", "python"), ("templates/**.html", "jinja2")]
KEYWORDS = {"sentence": None, "gettext": None, "_": None, "ngettext": (1, 2)}
PLACES = re.compile(r"%\(\w+\)s")


def sentences() -> set[str | tuple[str, str]]:
    found = extract_from_dir(ROOT, METHODS, keywords=KEYWORDS)
    return {message for _, _, message, _, _ in found}


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_the_catalogue_has_every_sentence_and_no_other(language: str) -> None:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = {message.id: message for message in read_po(file, locale=language) if message.id}
    assert set(catalogue) == sentences()
    for key, message in catalogue.items():
        told = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(told) and not message.fuzzy, key
        wanted = PLACES.findall(key if isinstance(key, str) else key[1])
        assert all(sorted(PLACES.findall(each)) == sorted(wanted) for each in told), key


def test_no_template_holds_a_sentence_outside_the_catalogues() -> None:
    """Letters between tags that are no expression: a name such as "demo" in code is the only kind there is."""
    for file in (ROOT / "templates").rglob("*.html"):
        text = re.sub(r"\{% trans.*?endtrans %\}|<style>.*?</style>", "", file.read_text(), flags=re.DOTALL)
        text = re.sub(
            r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<code>.*?</code>|<kbd>\w+</kbd>|<dt>\w+</dt>", "", text, flags=re.DOTALL
        )
        loose = [part.strip() for part in re.findall(r">([^<]+)<", text) if re.search(r"[^\W\d_]{2}", part)]
        loose += re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*[^\W\d_][^"]*)"', text)
        assert loose == [], f"{file}: {loose}"


def test_a_sentence_is_said_with_its_values_and_the_sentences_in_them() -> None:
    told = sentence("%(field)s removed: %(old)s", field=sentence("Status"), old="100 %s")
    assert say("en", told) == "Status removed: 100 %s"
    assert say("ru", told) == "Статус — убрано: 100 %s"


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("", "ru"), ("en", "en"), ("en-GB,ru;q=0.9", "en"), ("ru;q=0.1,en;q=0.9", "en"), ("de,fr", "ru"),
        ("de,en;q=0.1", "en"), ("*", "ru"), ("en;q=x,ru", "ru"), ("e" * 10_000, "ru"),
    ],
)  # fmt: skip
def test_the_browsers_first_language_that_we_speak_is_chosen(wish: str, language: str) -> None:
    assert choose(wish, "ru") == language
