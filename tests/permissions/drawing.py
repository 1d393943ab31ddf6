"""What the parts of a random world share: the dice, the rows so far, and fresh ids."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any, TypeVar

Row = dict[str, Any]
T = TypeVar("T")

# Ids of different things never meet, so that one taken for another is noticed.
FIRST_IDS = {
    "roles": 11, "trackers": 21, "issue_statuses": 31, "custom_fields": 41, "users": 101, "projects": 301,
    "members": 401, "member_roles": 601, "issues": 2001, "journals": 5001, "attachments": 8001,
}  # fmt: skip
START = datetime(2026, 9, 1, 9, 0, 0)


class Drawing:
    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.tables: dict[str, list[Row]] = defaultdict(list)

    def add(self, table: str, **row: Any) -> Row:
        self.tables[table].append(row)
        return row

    def fresh(self, table: str, many: int) -> list[int]:
        """So many ids that no row of the table has, in no order."""
        first = max((row["id"] + 1 for row in self.tables[table]), default=0)
        first = max(first, FIRST_IDS[table])
        ids = list(range(first, first + many))
        self.dice.shuffle(ids)
        return ids

    def ids(self, table: str) -> list[int]:
        return [row["id"] for row in self.tables[table]]

    def chance(self, probability: float) -> bool:
        return self.dice.random() < probability

    def one(self, among: Sequence[T]) -> T:
        return self.dice.choice(among)

    def some(self, among: Sequence[T], probability: float) -> list[T]:
        """Each with that probability; perhaps none."""
        return [each for each in among if self.chance(probability)]

    def few(self, among: Sequence[T], least: int, most: int) -> list[T]:
        """Between so many and so many different ones, as far as there are as many."""
        return self.dice.sample(list(among), min(len(among), self.dice.randint(least, most)))
