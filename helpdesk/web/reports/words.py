"""Say how numbers of reports have changed, and names in the language of the person."""

from collections.abc import Callable
from typing import NamedTuple

from starlette.requests import Request

from helpdesk.errors import Sentence, sentence
from helpdesk.web.core.templating import translate

PERCENT = 100


class Change(NamedTuple):
    """How a number has changed against the period before: a sign for the eye, and the words for it."""

    sign: str
    words: Sentence


def change(before: int, now: int) -> Change:
    """Return how a number has changed."""
    difference = now - before
    if difference == 0:
        return Change("=", sentence("as many as before"))
    values = {"number": abs(difference), "before": before}
    if before:
        values["percent"] = round(abs(difference) / before * PERCENT)
        more = sentence("%(number)s more than before (+%(percent)s\N{NO-BREAK SPACE}%%)")
        fewer = sentence("%(number)s fewer than before (−%(percent)s\N{NO-BREAK SPACE}%%)")
    else:
        more = fewer = sentence("none before")
    return Change("▲", more._replace(values=values)) if difference > 0 else Change("▼", fewer._replace(values=values))


def saying(request: Request) -> Callable[[Sentence | str], str]:
    """Return a function that puts a name into the person's language."""
    return lambda name: translate(request, name) if isinstance(name, Sentence) else name
