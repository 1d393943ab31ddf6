"""The board's query: some tasks of each status, and the total of each."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from helpdesk.tasks.lists import TaskQuery, Vocabulary
from helpdesk.tasks.model import TaskRow
from helpdesk.tasks.statistics import whatever_status


class Card(NamedTuple):
    """A task as a board shows it. `comments` are those that this person may read; None where that is not told."""

    row: TaskRow
    comments: int | None = None


class CardsAsked(NamedTuple):
    """The tasks of a query to show, whatever it says of statuses and closed ones.

    Its order, page and size are those of the cards within each of `statuses`; `counted` are the statuses whose totals
    are wanted. `only` leaves cards of no other tasks, and changes no total.
    """

    query: TaskQuery
    statuses: tuple[int, ...] = ()
    counted: tuple[int, ...] = ()
    only: tuple[int, ...] | None = None

    @property
    def of_totals(self) -> TaskQuery:
        """The query for the tasks that are counted, if any are."""
        return self.query._replace(status_ids=self.counted)

    @property
    def of_cards(self) -> TaskQuery | None:
        """The query for the cards of all statuses; None where `only` leaves nothing of it."""
        query = whatever_status(self.query)
        if self.only is None:
            return query
        left = tuple(each for each in dict.fromkeys(self.only) if not query.task_ids or each in query.task_ids)
        return query._replace(task_ids=left) if left else None

    def columns(self, totals: Mapping[int, int]) -> tuple[int, ...]:
        """The statuses that may have cards to show, each once: not those known to have no more than are left out."""
        some = self.query.offset + 1
        return tuple(it for it in dict.fromkeys(self.statuses) if totals.get(it, some) >= some)

    def in_order(self, cards: Iterable[Card]) -> tuple[Card, ...]:
        """Cards by the order of their statuses, and within each as they come."""
        places = {status: place for place, status in enumerate(dict.fromkeys(self.statuses))}
        return tuple(sorted(cards, key=lambda card: places[card.row.status.id]))


class Cards(NamedTuple):
    """Cards of one status in the query's order; `totals` by status, 0 for one of `counted` without tasks."""

    asked: CardsAsked
    words: Vocabulary
    cards: tuple[Card, ...]
    totals: Mapping[int, int]


Asking = Callable[[Vocabulary], CardsAsked]
"""Makes a request of the vocabulary; it may raise Invalid."""
