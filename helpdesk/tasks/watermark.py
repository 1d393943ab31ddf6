"""Where to read on in a table whose rows do not appear in the order of their numbers.

A transaction takes a number when it writes a row and shows the row when it ends. So whoever reads what lies above the
highest number seen misses the rows of those who took longer. Here one reads what lies above the highest number that had
been seen LONGEST_WRITE ago: by now all rows below it are there, or never will be.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

LONGEST_WRITE = timedelta(seconds=60)
STEP = timedelta(seconds=5)
"""How exactly it is known what had been seen when: a dozen moments are kept, not one for each look."""


class Watermark(NamedTuple):
    """`seen` are moments with the highest number seen by then, the oldest first; there is always one."""

    seen: tuple[tuple[datetime, int], ...]

    @property
    def floor(self) -> int:
        """Read the rows above this number."""
        return self.seen[0][1]

    @property
    def highest(self) -> int:
        """The highest number seen."""
        return self.seen[-1][1]

    def new(self, numbers: Iterable[int]) -> int:
        """Count the rows that had not been seen."""
        return sum(number > self.highest for number in numbers)

    def after(self, numbers: Iterable[int], began: datetime, ended: datetime) -> "Watermark":
        """Return the watermark after a poll from `began` to `ended` found these rows above the floor.

        What was seen had been seen by its end; what should be there by now had to be there at its beginning. So had
        what was seen at a moment that has not come yet, when a clock was ahead.
        """
        seen, reached = [(min(at, ended), number) for at, number in self.seen], max(numbers, default=self.highest)
        if reached > self.highest:
            if len(seen) > 1 and seen[-1][0] - seen[-2][0] < STEP:
                seen.pop()
            seen.append((ended, reached))
        while len(seen) > 1 and seen[1][0] <= began - LONGEST_WRITE:
            seen.pop(0)
        return Watermark(tuple(seen))


def beginning(number: int, now: datetime) -> Watermark:
    """Return the watermark of a beginning at this number."""
    return Watermark(((now, number),))


def written(marks: dict[str, Watermark]) -> str:
    """Return watermarks by table, as the cursor of a feed."""
    return json.dumps({name: [(at.isoformat(), number) for at, number in mark.seen] for name, mark in marks.items()})


def read(cursor: str) -> dict[str, Watermark]:
    """Read the watermarks of a cursor."""
    return {name: Watermark(tuple(map(_moment, seen))) for name, seen in json.loads(cursor).items()}


def _moment(mark: tuple[str, int]) -> tuple[datetime, int]:
    return datetime.fromisoformat(mark[0]), mark[1]
