"""Tables that only join two others, as sets."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection


def sets(db: Connection, key: sa.Column[Any], value: sa.Column[Any]) -> dict[int, frozenset[Any]]:
    """The values of a table for each key."""
    return grouped((one, other) for one, other in db.execute(sa.select(key, value)))


def grouped(pairs: Iterable[tuple[int, Any]]) -> dict[int, frozenset[Any]]:
    """What stands beside each key; an empty set where that is nothing but None."""
    found: dict[int, set[Any]] = defaultdict(set)
    for key, value in pairs:
        found[key] |= {value} - {None}
    return {key: frozenset(values) for key, values in found.items()}
