"""Split keys into batches for statements that name each of them."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 1_000
"""Keys in one statement; SQLite allows no more."""


def pieces(keys: Iterable[T]) -> Iterator[list[T]]:
    """Yield as many keys at a time as one statement takes."""
    left = iter(keys)
    while piece := list(islice(left, AT_ONCE)):
        yield piece
