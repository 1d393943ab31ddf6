"""Read and write working times as people do: `4:30`, `4 h 30 min`, `90 min`, `1.5 hours`."""

import re

from helpdesk.errors import sentence
from helpdesk.web.core import request_data

MOST_MINUTES = 9_999 * 60
LONGEST = 40
CLOCK = re.compile(r"(\d{1,4})(?::([0-5]\d))?", re.ASCII)
HOURS = r"(?:h|hours?|ч|час|часа|часов)\.?"
MINUTES = r"(?:min|minutes?|m|мин|минут[аы]?|м)\.?"
WORDS = re.compile(rf"(?:(\d{{1,4}}) ?{HOURS})? ?(?:(\d{{1,6}}) ?{MINUTES})?", re.ASCII)
PARTS = re.compile(rf"(\d{{1,4}})[.,](\d{{1,2}}) ?{HOURS}", re.ASCII)
NO_TIME = sentence("Give working time as hours and minutes, such as 4:30, from one minute to 9999 hours.")
TWO_TIMES = sentence("This is another time than that in hours and minutes.")


def read(fields: request_data.Fields, name: str, column: str, stored: int | None = None) -> int | None:
    """Return the minutes of a promise, None for none. Programs may send them in `name` as people write them, or in
    `column` as a number; what is still as `stored` gives way to what is not. Raises Invalid."""
    typed, number = _typed(fields, name), _number(fields, column, stored)
    if number in (typed, stored):
        return typed
    if typed != stored:
        raise request_data.refusal(column, TWO_TIMES)
    return number


def _number(fields: request_data.Fields, column: str, stored: int | None) -> int | None:
    value = fields.values.get(column, stored)
    number = None if value is None else request_data.whole(column, value)
    if number is not None and not 0 < number <= MOST_MINUTES:
        raise request_data.refusal(column, NO_TIME)
    return number


def _typed(fields: request_data.Fields, name: str) -> int | None:
    value = fields.values.get(name)
    typed = str(value) if isinstance(value, int) and not isinstance(value, bool) else fields.text(name, LONGEST)
    text = " ".join(typed.lower().split())
    if not text:
        return None
    minutes = _minutes(text)
    if not 0 < minutes <= MOST_MINUTES:
        raise request_data.refusal(name, NO_TIME)
    return minutes


def _minutes(text: str) -> int:
    """Return the minutes that a text says, 0 if it says none. Parts of hours are rounded up to minutes."""
    if parts := PARTS.fullmatch(text):
        return int(parts[1]) * 60 - int(parts[2].ljust(2, "0")) * -60 // 100
    found = CLOCK.fullmatch(text) or WORDS.fullmatch(text)
    return int(found[1] or 0) * 60 + int(found[2] or 0) if found else 0


def written(minutes: int | None) -> str:
    """Return minutes as a form has them."""
    return "" if minutes is None else f"{minutes // 60}:{minutes % 60:02}"
