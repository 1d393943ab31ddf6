"""Define the port to the stored procedures of the predecessor, and compare their numbers with ours."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple, Protocol

CLASSIFIC, RESORTS, TYPES = "Classific", "resorts", "up_TypesRequests_ITS"
NAMES = (CLASSIFIC, RESORTS, TYPES)
OBJECT_COLUMNS = {"complaint": "Complaint", "gratitude": "Grate", "question": "Question", "suggestion": "Offer"}
"""The prefixes of the columns of Classific, which end with the suffix of an object."""
RESORT_COLUMNS = {
    "complaint": "JalobaIssueResort_out",
    "gratitude": "GrateIssueResort_out",
    "question": "QuestionIssueResort_out",
    "suggestion": "OfferIssueResort_out",
}
RESORT_NAME = "ResortName"
MOST_DIGITS = 18
"""The most digits of a number, so that "1e9999999" is none."""

Row = Mapping[str, object]
Numbers = Mapping[tuple[str, str], int]
"""Numbers by the value and the kind of request."""


class Procedures(Protocol):
    """The port. Its methods raise Unavailable."""

    async def present(self) -> tuple[str, ...]:
        """Return those of NAMES that there are."""

    async def call(self, name: str, first: date, last: date, tracker_id: int | None = None) -> Sequence[Row]:
        """Call a procedure for these days, both included, and return its rows."""


class Compared(NamedTuple):
    """A value and a kind of request, with the procedure's number and ours."""

    value: str
    kind: str
    theirs: int
    ours: int

    @property
    def differs(self) -> bool:
        return self.theirs != self.ours


def of_objects(rows: Sequence[Row], suffixes: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """Return the numbers of Classific's only row, by the objects of its suffixes. Columns without one are left out."""
    found: dict[tuple[str, str], int] = {}
    for suffix, value in suffixes.items():
        for kind, prefix in OBJECT_COLUMNS.items():
            if rows and f"{prefix}{suffix}" in rows[0]:
                found[value, kind] = found.get((value, kind), 0) + number(rows[0][f"{prefix}{suffix}"])
    return found


def of_resorts(rows: Sequence[Row]) -> dict[tuple[str, str], int]:
    """Return the numbers of the procedure `resorts`, by the resort's name."""
    found: dict[tuple[str, str], int] = {}
    for row in rows:
        name = str(row.get(RESORT_NAME) or "")
        for kind, column in RESORT_COLUMNS.items():
            found[name, kind] = found.get((name, kind), 0) + number(row.get(column))
    return found


def compared(theirs: Numbers, ours: Numbers) -> list[Compared]:
    """Return every number of theirs, and each of ours that they have none for, by the value and the kind."""
    keys = sorted({*theirs, *(key for key, count in ours.items() if count)})
    return [Compared(*key, theirs.get(key, 0), ours.get(key, 0)) for key in keys]


def number(value: object) -> int:
    """Return a whole number of a row, 0 for anything else. Sums of MySQL are decimals: "3.0" is 3."""
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return 0
    is_number = exact.is_finite() and exact.adjusted() < MOST_DIGITS and exact == exact.to_integral_value()
    return int(exact) if is_number else 0
