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
        """How many of these rows had not been seen."""
        return sum(number > self.highest for number in numbers)

    def after(self, numbers: Iterable[int], began: datetime, ended: datetime) -> "Watermark":
        """How it stands when these rows above the floor were found by a look that took from `began` to `ended`.

        What was seen had been seen by its end; what should be there by now had to be there at its beginning.
        """
        seen, reached = list(self.seen), max(numbers, default=self.highest)
        if reached > self.highest:
            if len(seen) > 1 and seen[-1][0] - seen[-2][0] < STEP:
                seen.pop()
            seen.append((ended, reached))
        while len(seen) > 1 and seen[1][0] <= began - LONGEST_WRITE:
            seen.pop(0)
        return Watermark(tuple(seen))


def beginning(number: int, now: datetime) -> Watermark:
    """Where to begin when all that was before is no matter."""
    return Watermark(((now, number),))


def written(marks: dict[str, Watermark]) -> str:
    """Watermarks by table, as the position of a feed."""
    return json.dumps({name: [(at.isoformat(), number) for at, number in mark.seen] for name, mark in marks.items()})


def read(position: str) -> dict[str, Watermark]:
    """The watermarks of a position."""
    return {name: Watermark(tuple(map(_moment, seen))) for name, seen in json.loads(position).items()}


def _moment(told: tuple[str, int]) -> tuple[datetime, int]:
    return datetime.fromisoformat(told[0]), told[1]
