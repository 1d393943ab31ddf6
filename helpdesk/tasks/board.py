"""Arrange the cards of a board in columns by status, and in lanes if the person chose some. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.tasks.lists import Card, Cards
from helpdesk.tasks.model import Status, TaskRow
from helpdesk.tasks.phases import PHASES, Phase, Rule, Rules, Summary, phase
from helpdesk.texts import is_blank

LaneField = Literal["assignee", "project", "priority"]

NOBODY = 0
AGE_UNITS: tuple[tuple[timedelta, Sentence], ...] = (
    (timedelta(days=365), sentence("%(n)s y")),
    (timedelta(days=30), sentence("%(n)s mo")),
    (timedelta(days=1), sentence("%(n)s d")),
    (timedelta(hours=1), sentence("%(n)s h")),
    (timedelta(minutes=1), sentence("%(n)s min")),
)
JUST_NOW = sentence("now")


class Column(NamedTuple):
    """The column of a status: `shown` of `total` tasks are on the page, none of a folded one."""

    status: Status
    phase: Phase
    total: int
    shown: int = 0
    limit: int | None = None
    folded: bool = False

    @property
    def is_cut(self) -> bool:
        """Return whether an unfolded column has more cards than are shown."""
        return self.shown < self.total and not self.folded

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.total > self.limit


class Lane(NamedTuple):
    """The cards of one assignee, project or priority, by status. Without lanes there is one, which has no name.

    `key` is the id of the assignee, project or priority, 0 for unassigned tasks, None without lanes.
    """

    key: int | None
    name: str
    cards: Mapping[int, tuple[Card, ...]]

    def cell(self, status_id: int) -> str:
        return cell_name(status_id, self.key)

    @property
    def total(self) -> int:
        return sum(map(len, self.cards.values()))


def columns(statuses: Iterable[Status], cards: Cards, rules: Rules, folded: Collection[int] = ()) -> tuple[Column, ...]:
    """Return the columns of these statuses, in their order."""
    shown = dict.fromkeys(cards.totals, 0)
    for card in cards.cards:
        shown[card.row.status.id] = shown.get(card.row.status.id, 0) + 1
    return tuple(
        Column(
            status=it,
            phase=phase(it, rules),
            total=cards.totals.get(it.id, 0),
            shown=shown.get(it.id, 0),
            limit=rules.get(it.id, Rule()).limit,
            folded=it.id in folded,
        )
        for it in statuses
    )


def summary(columns: Iterable[Column]) -> Summary:
    """Count the tasks in each phase by the totals of the columns."""
    totals = Counter[Phase]()
    for column in columns:
        totals[column.phase] += column.total
    return Summary(*(totals[each] for each in PHASES))


def lanes(cards: Iterable[Card], by: LaneField | None, priorities: Iterable[int] = ()) -> tuple[Lane, ...]:
    """Return the cards by lane and status: people and projects by name, the highest priority first, unassigned last."""
    order = {id: rank for rank, id in enumerate(reversed(list(priorities)))}
    cells: dict[tuple[int | None, str], dict[int, list[Card]]] = {} if by else {(None, ""): {}}
    for card in cards:
        lane = cells.setdefault(_lane(card.row, by), {})
        lane.setdefault(card.row.status.id, []).append(card)

    def sort_key(lane: tuple[int | None, str]) -> tuple[bool, int, str]:
        key, name = lane
        return key == NOBODY, order.get(key or 0, 0) if by == "priority" else 0, name.casefold()

    return tuple(
        Lane(*lane, {status: tuple(held) for status, held in cells[lane].items()})
        for lane in sorted(cells, key=sort_key)
    )


def cell_of(row: TaskRow, by: LaneField | None) -> str:
    """Return the name of the cell with a task's card."""
    return cell_name(row.status.id, _lane(row, by)[0])


def cell_name(status_id: int, key: int | None) -> str:
    """Return the name of a column's cell within a lane."""
    return f"{status_id}" if key is None else f"{status_id}-{key}"


def initials(name: str) -> str:
    """Return at most two initials of a name, for a card."""
    visible = (next((letter for letter in word if not is_blank(letter)), "") for word in name.split())
    return "".join([letter for letter in visible if letter][:2]).upper() or "?" * bool(name.split())


def age(since: datetime, now: datetime) -> Sentence:
    """Return the age in the largest unit that fits."""
    passed = now - since
    for unit, message in AGE_UNITS:
        if passed >= unit:
            return sentence(message.text, n=passed // unit)
    return JUST_NOW


def _lane(row: TaskRow, by: LaneField | None) -> tuple[int | None, str]:
    if by is None:
        return None, ""
    if by == "assignee":
        return (row.assignee.id, row.assignee.name) if row.assignee else (NOBODY, "")
    value = row.project if by == "project" else row.priority
    return value.id, value.name
