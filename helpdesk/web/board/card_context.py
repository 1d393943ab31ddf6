"""The context in which templates draw cards."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from helpdesk.store import notifications
from helpdesk.tasks import board
from helpdesk.tasks.board import By
from helpdesk.tasks.lists import Card
from helpdesk.web.core.services import services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import today


async def of_cards(request: Request, by: By | None, cards: Sequence[Card], dated: bool = False) -> dict[str, Any]:
    """The cards, which of them this person has something to read of, and how they say where they are and how old;
    `dated` ones also when their task was changed, for a board to put them in order."""
    person, ids, now = await current_user(request), [card.row.id for card in cards], services(request).clock()
    return {
        "cards": cards,
        "with_news": await services(request).database.run(lambda db: notifications.unread_tasks(db, person.id, ids)),
        "at": lambda row: board.at(row, by),
        "on": lambda row: row.updated_on.timestamp() if dated else "",
        "age": lambda since: board.age(since, now),
        "today": today(request),
    }
