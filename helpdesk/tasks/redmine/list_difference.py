"""In which tasks two lists differ that are too long to be compared whole: ours, and Redmine's, which comes in pages."""

import random
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

PAGE = 100
FEW = 8
"""So many tasks of each kind are named, other ones each time."""

Page = Callable[[int, int], Awaitable[Sequence[int]]]
"""The numbers in Redmine's list from a place on, at most so many; both lists ascend."""


class Differing(NamedTuple):
    """A few tasks that only one of the two lists has."""

    ours: frozenset[int] = frozenset()
    theirs: frozenset[int] = frozenset()


async def differing(ours: Sequence[int], total: int, page: Page) -> Differing:
    """Return the tasks around the first difference. `total` is the length of Redmine's list, by its own count."""
    place = await _first(ours, total, page)
    theirs = await page(place, PAGE)
    end = bisect_right(ours, theirs[-1]) if len(theirs) == PAGE else len(ours)
    mine = ours[place:end]
    return Differing(_few(mine, set(theirs)), _few(theirs, set(mine)))


async def _first(ours: Sequence[int], total: int, page: Page) -> int:
    """The place of the first difference, found by halving; the beginning where one page shows all."""
    low, high = 0, min(len(ours), total)
    if max(len(ours), total) <= PAGE:
        return 0
    while low < high:
        middle = (low + high) // 2
        if list(await page(middle, 1)) == [ours[middle]]:
            low = middle + 1
        else:
            high = middle
    return low


def _few(tasks: Iterable[int], without: set[int]) -> frozenset[int]:
    found = [it for it in tasks if it not in without]
    return frozenset(random.sample(found, min(FEW, len(found))))
