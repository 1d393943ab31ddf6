"""How many people a change is told to, and that it is told to nobody when that is wished."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from helpdesk.errors import StoreUnavailable, Unavailable
from helpdesk.notifications.feed_poller import FeedPoller
from helpdesk.notifications.preferences import Preferences
from helpdesk.notifications.preferences_json import to_json
from helpdesk.services import Services
from helpdesk.store import feed_state, notifications, preferences
from helpdesk.tasks.embedded.feed import EmbeddedFeed
from tests.web.conftest import HTML, HTMX, Visit
from tests.world import NAMES, PEOPLE_IDS, PRIORITY_IDS, STATUS_IDS, EmbeddedWorld

BEGUN = {"status_id": STATUS_IDS["in_progress"]}


@pytest.fixture
def poller(services: Services) -> FeedPoller:
    """The one that serves; it has looked once, so that what follows is told."""
    runners = (getattr(watch, "__self__", None) for watch in services.watchers)
    (found,) = (it for it in runners if isinstance(it, FeedPoller))
    asyncio.run(found.poll())
    return found


def told(services: Services) -> dict[str, list[str]]:
    """The kinds of what each was told."""

    def work(db: Any) -> dict[str, list[str]]:
        rows = {login: notifications.page(db, number, limit=50) for login, number in PEOPLE_IDS.items()}
        return {login: [row.kind for row in records] for login, records in rows.items()}

    return services.database.run_here(work)


def sent(visit: Visit, task: int, field: str = "status", login: str = "anna", **body: object) -> int:
    answer = visit(login).put(f"/tasks/api/task/{task}/{field}", json=body)
    assert answer.status_code == 200, answer.text
    number: int = answer.json()["data"]["notifications_sent"]
    return number


def test_the_form_counts_the_recipients_and_those_are_notified(
    visit: Visit, services: Services, embedded: EmbeddedWorld, poller: FeedPoller
) -> None:
    task = embedded.new_task()
    asyncio.run(poller.poll())
    before = told(services)
    assert sent(visit, task, **BEGUN) == 1
    asyncio.run(poller.poll())
    visit("admin").put(f"/tasks/api/task/{task}/watch")
    assert sent(visit, task, "priority", priority_id=PRIORITY_IDS["urgent"], comment="@boris, глянь") == 3
    assert sent(visit, task, "assignee", assignee_id=PEOPLE_IDS["boris"]) == 3
    assert sent(visit, task, "assignee", "boris", assignee_id=PEOPLE_IDS["anna"], comment="Нет") == 3
    asyncio.run(poller.poll())
    after = told(services)
    news = {login: kinds[: len(kinds) - len(before[login])] for login, kinds in after.items()}
    assert news == {
        "stranger": [],
        "irina": ["commented", "reassigned", "commented", "status"],
        "admin": ["commented", "reassigned", "commented"],
        "boris": ["given", "mentioned"],
        "anna": ["given"],
    }


def test_the_number_of_recipients_does_not_reveal_preferences(
    visit: Visit, services: Services, embedded: EmbeddedWorld
) -> None:
    task = embedded.new_task()
    mute = to_json(Preferences(muted_tasks=frozenset({task})))
    services.database.run_here(lambda db: preferences.save(db, PEOPLE_IDS["irina"], mute), writes=True)
    assert sent(visit, task, **BEGUN) == 1


@pytest.mark.parametrize("reader_is_quicker", [False, True])
def test_a_silenced_change_notifies_nobody(
    visit: Visit,
    services: Services,
    embedded: EmbeddedWorld,
    poller: FeedPoller,
    monkeypatch: pytest.MonkeyPatch,
    reader_is_quicker: bool,
) -> None:
    task, other = embedded.new_task(), embedded.new_task()
    asyncio.run(poller.poll())
    before, change, rung = told(services), embedded.backend.__class__.change, []

    async def and_look(*arguments: Any) -> Any:
        written = await change(*arguments)
        await poller.poll()
        assert len(told(services)["irina"]) == len(before["irina"]) + 1
        return written

    monkeypatch.setattr(services.wakeups, "wake", lambda people=(): rung.append(set(people)))
    if reader_is_quicker:
        monkeypatch.setattr(embedded.backend.__class__, "change", and_look)
    assert sent(visit, task, **BEGUN, notify_users=False) == 0
    assert rung == ([{PEOPLE_IDS["irina"]}] * 2 if reader_is_quicker else [set()])
    monkeypatch.undo()
    asyncio.run(poller.poll())
    assert told(services) == before
    processed = services.database.run_here(lambda db: feed_state.processed_since(db, datetime(2000, 1, 1, tzinfo=UTC)))
    change_of = next(act for act in processed if act.task_id == task and act.new_status)  # pages that show it are told
    assert (change_of.old_status, change_of.new_status, change_of.author) == ("new", "in_progress", NAMES["anna"])
    # Others' changes of the task, and this one's of others, are told.
    assert sent(visit, other, **BEGUN) == sent(visit, task, login="boris", status_id=STATUS_IDS["waiting"]) - 1 == 1
    asyncio.run(poller.poll())
    assert len(told(services)["irina"]) == len(before["irina"]) + 2


@pytest.mark.parametrize("headers", [HTML, HTMX, {}])
def test_forms_may_silence_a_change_too(
    visit: Visit, services: Services, embedded: EmbeddedWorld, poller: FeedPoller, headers: dict[str, str]
) -> None:
    task, anna = embedded.new_task(), visit("anna")
    asyncio.run(poller.poll())
    before = told(services)
    fields = {"priority_id": str(PRIORITY_IDS["low"]), "notify_users": "no"}
    assert anna.post(f"/tasks/{task}/priority", data=fields, headers=headers).status_code in (200, 303)
    asyncio.run(poller.poll())
    assert told(services) == before


def test_only_the_entry_of_the_change_is_silenced(
    visit: Visit, services: Services, embedded: EmbeddedWorld, poller: FeedPoller, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, anna = embedded.new_task(), embedded.actor("anna")
    change, tracker = embedded.backend.__class__.change, embedded.backend
    asyncio.run(poller.poll())
    before = told(services)

    async def beside_another_tab(*arguments: Any) -> Any:
        first = await tracker.comment(anna, task, "В другой вкладке")
        written = await change(*arguments)
        return written._replace(before=first.before)

    monkeypatch.setattr(tracker.__class__, "change", beside_another_tab)
    assert sent(visit, task, **BEGUN, notify_users=False) == 0
    asyncio.run(poller.poll())
    assert told(services) == {**before, "irina": ["commented", *before["irina"]]}


def test_an_invalid_flag_is_refused_before_anything_is_written(visit: Visit, embedded: EmbeddedWorld) -> None:
    task, anna = embedded.new_task(), visit("anna")
    answer = anna.put(f"/tasks/api/task/{task}/status", json={**BEGUN, "notify_users": "maybe"})
    assert answer.status_code == 422 and set(answer.json()["errors"]) == {"notify_users"}
    assert anna.get(f"/tasks/api/task/{task}").json()["status"]["id"] == STATUS_IDS["new"]


def test_people_who_may_not_see_a_private_comment_are_not_counted(services: Services, embedded: EmbeddedWorld) -> None:
    task, suppression = embedded.new_task(author="irina", assignee="anna"), services.suppression

    def counted(private: bool) -> int:
        comment = embedded.backend.comment(embedded.actor("anna"), task, "@boris и @irina", private=private)
        return asyncio.run(suppression.recipients(task, [it.id for it in asyncio.run(comment).new_entries]))

    assert (counted(private=False), counted(private=True)) == (2, 1)


def test_a_written_change_does_not_fail_when_recipients_are_unknown(
    visit: Visit, services: Services, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = embedded.new_task()

    async def silent(*_: object) -> None:
        raise Unavailable

    async def locked(*_: object, **__: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(EmbeddedFeed, "event", silent)
    assert sent(visit, task, **BEGUN) == 0
    monkeypatch.setattr(services.suppression, "database", type("Locked", (), {"run": locked}))
    assert sent(visit, task, status_id=STATUS_IDS["waiting"], notify_users=False) == 0
