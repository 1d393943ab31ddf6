"""Russian and English. English sentences are the keys; `locale/<code>.po` translates them."""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from helpdesk.errors import Sentence
from helpdesk.texts import UNSEEN, is_blank, isolated

LANGUAGES = {"ru": "Русский", "en": "English"}
CATALOGUES = Path(__file__).parent / "locale"


@cache
def translations(language: str) -> NullTranslations:
    """Return the catalogue of `language`, compiled in memory; English needs none."""
    source = CATALOGUES / f"{language}.po"
    if not source.exists():
        return NullTranslations()
    with source.open("rb") as po:
        catalogue = read_po(po, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def say(language: str, sentence: Sentence) -> str:
    """Return the sentence in `language` with its values; a value may be a sentence itself.

    A value with text of a user is isolated, so that it does not turn the direction of the sentence; an invisible one
    gets a stand-in.
    """
    text = translations(language).gettext(sentence.text)
    if not sentence.values:
        return text
    return text % {name: _value(language, value) for name, value in sentence.values.items()}


def _value(language: str, value: object) -> object:
    if isinstance(value, Sentence):
        return say(language, value)
    if isinstance(value, str) and value:
        return translations(language).gettext(UNSEEN.text) if is_blank(value) else isolated(value)
    return value


def choose(accept_language: str, default: str) -> str:
    """Return the preferred language of an Accept-Language header that we have, else `default`."""
    preferences = []
    for number, item in enumerate(accept_language.split(",")):
        tag, _, weight = item.strip().partition(";q=")
        try:
            preferences.append((-float(weight or 1), number, tag.split("-")[0].lower()))
        except ValueError:
            continue
    return next((tag for _, _, tag in sorted(preferences) if tag in LANGUAGES), default)
