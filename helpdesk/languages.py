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
    """The catalogue of `language`, compiled in memory; English needs none."""
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
    """The sentence in `language`, its values filled in; a value may be a sentence itself.

    A text of others turns the direction of no word of the sentence, and is told of if there is nothing to see.
    """
    text = translations(language).gettext(sentence.text)
    if not sentence.values:
        return text
    return text % {name: _said(language, value) for name, value in sentence.values.items()}


def _said(language: str, value: object) -> object:
    if isinstance(value, Sentence):
        return say(language, value)
    if isinstance(value, str) and value:
        return translations(language).gettext(UNSEEN.text) if is_blank(value) else isolated(value)
    return value


def choose(accept_language: str, default: str) -> str:
    """The first language of an Accept-Language header that we speak, by its weights, else `default`."""
    wishes = []
    for place, item in enumerate(accept_language.split(",")):
        tag, _, weight = item.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), place, tag.split("-")[0].lower()))
        except ValueError:
            continue
    return next((tag for _, _, tag in sorted(wishes) if tag in LANGUAGES), default)
