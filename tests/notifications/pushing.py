"""Items of the outbox as senders get them."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any

from helpdesk.notifications.channels.port import Item, Outcome, Sender
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.outbox import Row

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def notification(**changed: Any) -> NotificationRow:
    row = NotificationRow(
        1, "journal.1", "comment", "commented", 7, 1, "Принтер", "Борис", "", "", "Готово", False, "", NOW, id=42
    )
    return row._replace(**changed)


def item(number: int = 1, about: NotificationRow | None = None, **changed: Any) -> Item:
    about = about or notification()
    row = Row(
        number, "webpush", 1, about.event, about.type, number, about.id, about.task_id, None, "", "", 0, NOW, "", NOW,
        "Анна", "", "ru", None, "webpush", None, None, None,
    )  # fmt: skip
    return Item(row._replace(**changed), about)


async def outcomes(sender: Sender, items: Sequence[Item]) -> dict[int, Outcome]:
    async with asyncio.timeout(60), aclosing(sender.send(items)) as sent:  # type: ignore[type-var]
        return {it.row.id: outcome async for it, outcome in sent}
