"""Items of the outbox for tests of e-mail, and settings that send to an imitated server."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from helpdesk.notifications.channels.port import Item, Outcome, Sender
from helpdesk.settings import settings as configuration
from helpdesk.settings.settings import Settings
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.outbox import Row
from tests.clocks import NOON
from tests.servers.imitated_smtp import ImitatedSmtp

ANNA, BORIS = "anna@example.test", "boris@example.test"
PUBLIC = "https://help.example.test"


def settings_of(server: ImitatedSmtp | None = None, **changed: Any) -> Settings:
    host, port = (server.host, server.port) if server else ("127.0.0.1", 25)
    environ = {"SECRET_KEY": "k" * 32, "SMTP_HOST": host, "SMTP_PORT": str(port), "SMTP_TLS": "off",
               "SMTP_FROM": "helpdesk@example.test", "PUBLIC_URL": PUBLIC, "BRAND_NAME": "Навигатор"}  # fmt: skip
    return replace(configuration.load(environ, Path("/nowhere")), **changed)


def item(number: int = 1, notification: dict[str, Any] | None = None, **columns: Any) -> Item:
    """A claimed row about a comment of Boris to Anna; `notification` and `columns` are what differs."""
    about = NotificationRow(
        person_id=2,
        event=f"journal-{number}",
        type="comment",
        kind="commented",
        task_id=7,
        project_id=1,
        subject="Принтер",
        author="Борис",
        old="",
        new="",
        excerpt="Бумага есть?",
        is_private=False,
        sound="",
        happened_at=NOON + timedelta(minutes=number),
        id=number,
    )._replace(**(notification or {}))
    row = Row(
        id=number,
        channel="email",
        person_id=about.person_id,
        event=about.event,
        type=about.type,
        device_id=0,
        notification_id=about.id,
        task_id=about.task_id,
        letter_id=None,
        content="",
        bundle="",
        attempts=0,
        due_at=NOON,
        holder="h.1",
        created_at=NOON,
        name="Анна",
        email=ANNA,
        language="ru",
        flagged=None,
        service=None,
        address=None,
        p256dh=None,
        auth=None,
    )._replace(**columns)
    return Item(row, None if row.letter_id else about)


async def outcomes(sender: Sender, *items: Item) -> list[Outcome]:
    """Send items, and return what became of each, in their order."""
    found = {item.row.id: outcome async for item, outcome in sender.send(items)}
    return [found[it.row.id] for it in items]
