"""Track how far a table was read whose rows do not appear in the order of their ids.

A transaction takes an id when it writes a row, and the row appears when it ends. So reading above the highest id seen
would miss the rows of slower transactions. The floor is the highest id that had been seen LONGEST_WRITE ago: by now all
rows below it are there, or never will be.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

LONGEST_WRITE = timedelta(seconds=60)
STEP = timedelta(seconds=5)
"""The resolution of the record: a dozen moments are kept, not one for each poll."""


class Watermark(NamedTuple):
    """The ids seen in a table: moments with the highest id seen by then, the oldest first; there is always one."""

    seen: tuple[tuple[datetime, int], ...]

    @property
    def floor(self) -> int:
        """Return the id above which rows are to be read."""
        return self.seen[0][1]

    @property
    def highest(self) -> int:
        """Return the highest id seen."""
        return self.seen[-1][1]

    def new(self, numbers: Iterable[int]) -> int:
        """Count the rows that had not been seen."""
        return sum(number > self.highest for number in numbers)

    def after(self, numbers: Iterable[int], began: datetime, ended: datetime) -> "Watermark":
        """Return the watermark after a poll from `began` to `ended` that read these rows above the floor.

        Rows count as seen when the poll ended, and LONGEST_WRITE is measured until it began. Moments in the future,
        from a clock that was ahead, are moved to its end.
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
    """Return the first watermark, at this id."""
    return Watermark(((now, number),))


def written(marks: dict[str, Watermark]) -> str:
    """Return watermarks by table, as the cursor of a feed."""
    return json.dumps({name: [(at.isoformat(), number) for at, number in mark.seen] for name, mark in marks.items()})


def read(cursor: str) -> dict[str, Watermark]:
    """Read the watermarks of a cursor."""
    return {name: Watermark(tuple(map(_moment, seen))) for name, seen in json.loads(cursor).items()}


def _moment(mark: tuple[str, int]) -> tuple[datetime, int]:
    return datetime.fromisoformat(mark[0]), mark[1]
