"""Limit to how many addresses a person writes from tasks: LETTERS_PER_DAY in 24 hours, a part of them in one."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from math import ceil
from typing import ClassVar

from starlette.requests import Request

from helpdesk.errors import Sentence, TooManyAttempts, sentence
from helpdesk.store import letters
from helpdesk.web.core.services import services
from helpdesk.web.mail.letter_input import MOST_ADDRESSES

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PART_IN_AN_HOUR = 4


class TooManyLetters(TooManyAttempts):
    """A person has written to so many addresses that the next letter has to wait."""

    code = "too_many_letters"
    default = sentence("You have written to very many addresses. Nothing was sent. Please try again later.")
    fields: ClassVar[Mapping[str, Sequence[Sentence]]] = {}


@asynccontextmanager
async def reserved(request: Request, person_id: int, addresses: int) -> AsyncIterator[None]:
    """Count so many addresses while a letter is written, so that letters at the same time count too.

    Raises TooManyLetters.
    """
    underway = services(request).letters_underway
    underway[person_id] += addresses
    try:
        await _require_room(request, person_id, underway[person_id])
        yield
    finally:
        underway[person_id] -= addresses
        underway += Counter()  # drops people without letters


async def _require_room(request: Request, person_id: int, more: int) -> None:
    now, most = services(request).clock(), services(request).settings.letters_per_day
    sent = await services(request).database.run(lambda db: letters.written(db, person_id, now - DAY, most))
    in_an_hour = min(most, max(MOST_ADDRESSES, most // PART_IN_AN_HOUR))
    if wait := max(seconds_left(sent, more, in_an_hour, HOUR, now), seconds_left(sent, more, most, DAY, now)):
        raise TooManyLetters(wait)


def seconds_left(sent: Sequence[tuple[datetime, int]], more: int, most: int, within: timedelta, now: datetime) -> int:
    """Return how long to wait until so many more addresses are no more than `most` within a time; 0 for not at all.

    `sent` are the moments of letters and the numbers of their addresses, the newest first.
    """
    total = more
    for at, count in ((now, 0), *sent):
        total += count
        if total > most and at > now - within:
            return max(1, ceil((at + within - now).total_seconds()))
    return 0
