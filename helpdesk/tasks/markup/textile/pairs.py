"""Marks that come in pairs."""

import re
from bisect import bisect_left
from collections.abc import Callable


def replaced(
    text: str, begins: re.Pattern[str], ends: re.Pattern[str], replacement: Callable[[str], str | None]
) -> str:
    """Replace what stands between a beginning and the nearest end after it, and both marks.

    Takes linear time, where one lazy pattern for all of it would look for an end from each beginning. What a beginning
    has as its first group stays. Where the replacement is None, so do the marks.
    """
    places = {end.start(): end.end() for end in ends.finditer(text)}
    starts = list(places)
    out: list[str] = []
    done = 0
    for begin in begins.finditer(text):
        nearest = bisect_left(starts, begin.end() + 1)
        if begin.start() < done or nearest == len(starts):
            continue
        start = starts[nearest]
        new = replacement(text[begin.end() : start])
        if new is not None:
            out += text[done : begin.start()], begin[1], new
            done = places[start]
    return "".join(out) + text[done:]
