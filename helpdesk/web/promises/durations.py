"""Read and write working times as people do: `4:30`, `4 h 30 min`, `90 min`."""

import re

from helpdesk.errors import sentence
from helpdesk.web.core import request_data

MOST_MINUTES = 9_999 * 60
LONGEST = 40
CLOCK = re.compile(r"(\d{1,4})(?::([0-5]\d))?", re.ASCII)
WORDS = re.compile(r"(?:(\d{1,4}) ?(?:h|ч)\.?)? ?(?:(\d{1,6}) ?(?:min|m|мин|м)\.?)?", re.ASCII)
NO_TIME = sentence("Give working time as hours and minutes, such as 4:30, from one minute to 9999 hours.")


def read(fields: request_data.Fields, name: str) -> int | None:
    """Return the minutes of a field, None for an empty one. Raises Invalid."""
    value = fields.values.get(name)
    typed = str(value) if isinstance(value, int) and not isinstance(value, bool) else fields.text(name, LONGEST)
    text = " ".join(typed.lower().split())
    if not text:
        return None
    found = CLOCK.fullmatch(text) or WORDS.fullmatch(text)
    minutes = int(found[1] or 0) * 60 + int(found[2] or 0) if found else 0
    if not 0 < minutes <= MOST_MINUTES:
        raise request_data.refusal(name, NO_TIME)
    return minutes


def written(minutes: int | None) -> str:
    """Return minutes as a form has them."""
    return "" if minutes is None else f"{minutes // 60}:{minutes % 60:02}"
