"""Administrators see what every channel sends and does not send, and stop and resume it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import Session, select

from helpdesk import health
from helpdesk.notifications import channel_health
from helpdesk.services import Services
from helpdesk.store import channel_states, devices, flagged_addresses, outbox
from helpdesk.store.devices import Address
from helpdesk.store.models.tables import AuditRecord
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.world import PEOPLE_IDS

ADDRESS = "/admin/delivery"
NOW = datetime.now(UTC)
MAIL: dict[str, object] = {"smtp_host": "127.0.0.1", "smtp_from": "helpdesk@example.test"}


def row(login: str, event: str, **more: object) -> dict[str, object]:
    common: dict[str, object] = {
        "channel": "email",
        "device_id": 0,
        "type": "comment",
        "due_at": NOW,
        "created_at": NOW,
    }
    return {**common, "person_id": PEOPLE_IDS[login], "event": event, **more}


def fill(db: Session) -> None:
    hour = timedelta(hours=1)
    failed = {"state": "failed", "reason": "refused", "detail": "550 <b>no such user", "task_id": 7}
    rows = [
        row("anna", "waits", due_at=NOW - hour),
        row("boris", "digest", due_at=NOW + hour),
        row("anna", "sent", state="sent", ended_at=NOW - hour),
        row("anna", "old", state="sent", ended_at=NOW - 30 * hour),
        row("boris", "failed", ended_at=NOW, **failed),
    ]
    outbox.add(db, rows)
    endpoint = Address("webpush", "https://push.example.test/secret-endpoint", "p", "a")
    devices.subscribe(db, PEOPLE_IDS["anna"], endpoint, "Firefox", "", NOW)
    flagged_addresses.flag(db, PEOPLE_IDS["boris"], "boris@example.test", "550 gone", NOW)


@pytest.fixture
def admin(visit: Visit, services: Services, monkeypatch: pytest.MonkeyPatch) -> Client:
    """An administrator where mail has a worker, which does not run."""
    services.database.run_here(fill, writes=True)
    monkeypatch.setitem(services.outbox.workers, "email", SimpleNamespace(wake=lambda: None))
    return visit("admin", **MAIL)


def channel(client: Client, name: str) -> Mapping[str, Any]:
    told: Mapping[str, Any] = client.get(ADDRESS).json()["channels"][name]
    return told


def fail(services: Services, name: str, reason: str, until: datetime) -> None:
    def work(db: Session) -> None:
        channel_states.fail(db, name, reason, "421", until, until)

    services.database.run_here(work, writes=True)


def acts(services: Services) -> list[tuple[str, str, int | None]]:
    found = services.database.run_here(lambda db: db.exec(select(AuditRecord)).all())
    return [(it.action, it.details, it.person_id) for it in found if it.action.startswith(("channel", "address"))]


def test_the_page_shows_what_waits_and_what_became_of_the_rest(admin: Client) -> None:
    told = admin.get(ADDRESS).json()
    mail, push = told["channels"]["email"], told["channels"]["webpush"]
    assert (mail["configured"], mail["waiting"], mail["due"], push["configured"]) == (True, 2, 1, False)
    assert (mail["sent_24h"], mail["failed_24h"], len(mail["hours"])) == (1, 1, 2)
    assert mail["oldest"] == (NOW - timedelta(hours=1)).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    assert told["devices"] == {"webpush": {"total": 1, "hosts": {"push.example.test": 1}}}
    assert [it["address"] for it in told["flagged"]] == ["boris@example.test"] and told["flagged_total"] == 1
    assert [(it["channel"], it["detail"]) for it in told["failures"]] == [("email", "550 <b>no such user")]
    page = admin.get(ADDRESS, headers=HTML).text
    text = parsed(page).text
    assert "550 <b>no such user" in text and "VAPID_PUBLIC_KEY" in text and "in 24 hours 1 sent, 1 failed" in text
    assert "secret-endpoint" not in page and "<rect" in page


def test_a_channel_is_stopped_and_resumed_and_both_are_recorded(admin: Client, services: Services) -> None:
    answer = admin.post(f"{ADDRESS}/email", data={"stopped": "1"}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ADDRESS}#channel-email")
    page = admin.get(ADDRESS, headers=HTML).text
    assert channel(admin, "email")["stopped"] and "E-mail was stopped" in page
    fail(services, "email", "unreachable", datetime.now(UTC) + timedelta(hours=1))
    admin.post(f"{ADDRESS}/email", json={"stopped": False})
    told = channel(admin, "email")
    assert (told["paused"], told["stopped"], told["reason"]) == (False, False, "The server does not answer.")
    assert [(action, details) for action, details, _ in acts(services)] == [
        ("channel_stopped", '{"channel": "email"}'),
        ("channel_resumed", '{"channel": "email"}'),
    ]
    assert admin.post(f"{ADDRESS}/smoke", json={"stopped": True}).status_code == 404


def test_a_refused_address_is_tried_again(admin: Client, services: Services) -> None:
    address = f"{ADDRESS}/flagged/{PEOPLE_IDS['boris']}"
    assert admin.post(address, json={}).status_code == 200
    assert admin.get(ADDRESS).json()["flagged"] == [] and admin.post(address, json={}).status_code == 404
    assert acts(services) == [("address_cleared", "{}", PEOPLE_IDS["boris"])]


def test_a_channel_that_goes_on_failing_is_a_system_that_does_not_work(services: Services) -> None:
    check = channel_health.check("webpush", services.database)
    for is_broken in (False, True):
        fail(services, "webpush", "not_ours", NOW)
        found = asyncio.run(health.run(check)).trouble
        assert bool(found) == is_broken and "421" not in str(found)
    services.database.run_here(lambda db: channel_states.succeed(db, "webpush"), writes=True)
    assert asyncio.run(health.run(check)).trouble is None
