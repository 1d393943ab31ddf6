"""Sentences use the words of docs/words.md; those that were given up do not come back."""

import re

import pytest
from babel.messages.pofile import read_po

from helpdesk.languages import CATALOGUES

GIVEN_UP = {
    "en": r"\btrackers?\b|\bnarrow(ed)?\b|\b(un)?tick(ed|s)?\b|\bexecutors?\b|\btold\b|\bpast due\b|settings of notif",
    "ru": r"трекер|приватн|оповещ|извещ|\bответственн|колонк|от кого|наблюда|тикет",
}


def sentences(language: str) -> list[str]:
    with (CATALOGUES / "ru.po").open("rb") as po:
        entries = list(read_po(po, locale="ru"))
    texts = [entry.id if language == "en" else entry.string for entry in entries if entry.id]
    return [text for each in texts for text in ([each] if isinstance(each, str) else each)]


@pytest.mark.parametrize("language", GIVEN_UP)
def test_words_that_were_given_up_are_in_no_sentence(language: str) -> None:
    given_up = re.compile(GIVEN_UP[language], re.IGNORECASE)
    assert [it for it in sentences(language) if given_up.search(it)] == []
