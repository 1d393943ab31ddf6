"""Read what is looked for in the log of calls, and write the addresses of its pages."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.store.call_lists import TO_CALL_BACK, WHOLE_NUMBER, CallQuery
from helpdesk.telephony.numbers import key_of
from helpdesk.telephony.words import OUTCOMES
from helpdesk.web.core import request_data
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import today

FILTERS = ("date", "until", "number", "agent", "outcome", "queue")
LONGEST = 100
"""The most characters of what is typed that count."""
MOST_DAYS, CALLED_BACK_IN = 31, 7
"""Days at once; and those whose missed calls are to be called back if no day is named."""
FIRST_YEAR, LAST_YEAR = 1970, 9000
A_DAY = sentence("This must be a day such as 2026-11-20.")
TOO_MANY_DAYS = sentence("At most %(most)s days at once.", most=MOST_DAYS)
BACKWARDS = sentence("This day is before the first one.")
NO_DIGITS = sentence("Please type digits of the number.")
NO_PAGE = sentence("There is no such page.")
DAY = timedelta(days=1)


class LogQuery(NamedTuple):
    """What is looked for, as `typed`; `first` and `last` are the days, None for a search in all of them."""

    typed: Mapping[str, str]
    calls: CallQuery
    first: date | None
    last: date | None
    page: int = 1

    @property
    def is_one_day(self) -> bool:
        return self.first is not None and self.first == self.last

    def address(self, request: Request, route: str = "calls:index", **other: object) -> str:
        """Return the address of the same search, with other values; those that are empty are left out."""
        values = {name: it for name, it in {**self.typed, **other}.items() if it not in ("", None)}
        return path_to(request, route) + (f"?{urlencode(values)}" if values else "")

    def neighbour(self, request: Request, days: int) -> str:
        """Return the address of another day with the same choices; empty unless there is one."""
        if not self.is_one_day or self.first is None:
            return ""
        day = self.first + days * DAY
        return self.address(request, date=day, until="") if _is_in_range(day) and day <= today(request) else ""


def typed_in(request: Request) -> dict[str, str]:
    """Return what is typed into the form, bounded, to be shown again."""
    params = request.query_params
    return {
        name: text
        for name in FILTERS
        if (text := request_data.UNSTORABLE.sub("", params.get(name, "")[:LONGEST]).strip())
    }


def read(request: Request) -> LogQuery:
    """Read what is looked for: today's calls, unless days are named, or a number is looked for in all of them. Raises
    Invalid with every wrong field."""
    typed, wrong = typed_in(request), dict[str, Sequence[Sentence]]()
    first, last = _days(typed, wrong)
    number = _number(request, typed.get("number", ""), wrong)
    if typed.get("outcome", TO_CALL_BACK) not in (TO_CALL_BACK, *OUTCOMES):
        wrong["outcome"] = [request_data.NO_CHOICE]
    page = request_data.an_id(request.query_params.get("page", "1"))
    if not page:
        wrong["page"] = [NO_PAGE]
    if wrong:
        raise Invalid(wrong)
    if first is None and not number:
        last = today(request)
        first = last - (CALLED_BACK_IN - 1) * DAY if typed.get("outcome") == TO_CALL_BACK else last
    zone = services(request).settings.timezone
    since, until = (_start(first, zone) if first else None), (_start(last + DAY, zone) if last else None)
    agent, outcome, queue = (typed.get(name, "") for name in ("agent", "outcome", "queue"))
    return LogQuery(typed, CallQuery(since, until, number, agent, outcome, queue), first, last, page)


def day_of(request: Request) -> date:
    """Return the day that the address names, today by default. Raises Invalid."""
    try:
        return _day(request.query_params.get("date", "")[:LONGEST]) or today(request)
    except ValueError as error:
        raise Invalid({"date": [A_DAY]}) from error


def hours(day: date, zone: ZoneInfo) -> list[datetime]:
    """Return the moments at which the hours of a day begin, and that at which the last one ends."""
    return [datetime.combine(day, time(hour), zone) for hour in range(24)] + [_start(day + DAY, zone)]


def _days(typed: Mapping[str, str], wrong: dict[str, Sequence[Sentence]]) -> tuple[date | None, date | None]:
    days = dict[str, date | None]()
    for name in ("date", "until"):
        try:
            days[name] = _day(typed.get(name, ""))
        except ValueError:
            wrong[name] = [A_DAY]
    first, last = days.get("date"), days.get("until")
    first, last = first or last, last or first
    if first and last and last < first:
        wrong["until"] = [BACKWARDS]
    elif first and last and (last - first).days >= MOST_DAYS:
        wrong["until"] = [TOO_MANY_DAYS]
    return first, last


def _day(text: str) -> date | None:
    """Read a day. Raises ValueError also for one that no database counts."""
    day = date.fromisoformat(text) if text else None
    if day and not _is_in_range(day):
        raise ValueError("no call is so old or so new")
    return day


def _is_in_range(day: date) -> bool:
    return FIRST_YEAR < day.year < LAST_YEAR


def _number(request: Request, text: str, wrong: dict[str, Sequence[Sentence]]) -> str:
    """Return a whole number's key, or the digits of a part of one."""
    key = key_of(text, services(request).settings.phone_trunk_prefixes)
    digits = "".join(letter for letter in text if letter in "0123456789*#")
    if text and not digits:
        wrong["number"] = [NO_DIGITS]
    return key if len(key) >= WHOLE_NUMBER else digits


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)
