"""Say how numbers of reports have changed, and names in the language of the person."""

from collections.abc import Callable
from typing import NamedTuple

from starlette.requests import Request

from helpdesk.errors import Sentence, sentence
from helpdesk.web.core.templating import translate

PERCENT = 100
SLOWER, QUICKER = sentence("Work gets slower."), sentence("Work gets quicker.")
VERDICTS = {
    **dict.fromkeys([(1, 1), (1, 0), (0, 1)], SLOWER),
    **dict.fromkeys([(-1, -1), (-1, 0), (0, -1)], QUICKER),
    (0, 0): sentence("Work is as quick as before."),
    (-1, 1): sentence("Closed tasks took less time, but open ones have become older."),
    (1, -1): sentence("Closed tasks took more time, but open ones have become younger."),
}
"""By the trends of closed tasks and of open ones."""


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


def trend(before: int | None, now: int | None) -> int | None:
    """Return 1 where a time has become longer, -1 where shorter, 0 where neither; None where one is not known."""
    return None if before is None or now is None else (now > before) - (now < before)


def verdict(closed: int | None, open: int | None) -> Sentence | None:
    """Return whether work gets slower, by how long closed tasks took and how old open ones are. Old tasks that stay
    open make the closed ones look quick, so neither tells it alone."""
    return None if closed is None or open is None else VERDICTS[closed, open]


def saying(request: Request) -> Callable[[Sentence | str], str]:
    """Return a function that puts a name into the person's language."""
    return lambda name: translate(request, name) if isinstance(name, Sentence) else name
