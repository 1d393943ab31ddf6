"""Where pushes and mail reach a person: their devices, their address, and why something did not come."""

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from helpdesk.errors import Unavailable
from helpdesk.notifications.preferences import Preferences, default_cells
from helpdesk.notifications.preferences_json import to_json
from helpdesk.notifications.reasons import REASONS
from helpdesk.services import Services
from helpdesk.store import channel_states, devices, flagged_addresses, outbox, preferences
from helpdesk.store.devices import Address
from helpdesk.store.models.delivery import OutboxRow
from helpdesk.store.models.tables import Person
from helpdesk.tasks.embedded.backend import EmbeddedBackend
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PEOPLE_IDS, EmbeddedWorld

PAGE, LIST, DELIVERY = "/notifications/preferences", "/notifications/devices", "/notifications/delivery"
NOW = datetime.now(UTC)
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def woken(services: Services) -> list[str]:
    """Every channel has a worker, which only notes that it was woken."""
    woken: list[str] = []
    for name in ("webpush", "fcm", "email"):
        services.outbox.workers[name] = SimpleNamespace(wake=lambda name=name: woken.append(name))  # type: ignore[assignment]
    return woken


def add(services: Services, login: str, name: str = "Chrome on Windows", service: str = "webpush") -> int:
    address = Address(service, f"https://push.example.test/{login}/{name}", "p", "a")
    work = lambda db: devices.subscribe(db, PEOPLE_IDS[login], address, name, "mark", NOW).id  # noqa: E731
    return services.database.run_here(work, writes=True) or 0


def put(services: Services, **values: Any) -> None:
    """Put a row into the outbox of anna."""
    row = {
        "channel": "webpush", "person_id": PEOPLE_IDS["anna"], "event": f"journal.{values}", "type": "comment",
        "device_id": 0, "due_at": NOW, "created_at": NOW,
    }  # fmt: skip
    services.database.run_here(lambda db: outbox.add(db, [row | values]), writes=True)


def waiting(services: Services, login: str, channel: str) -> list[outbox.Ended]:
    return services.database.run_here(lambda db: outbox.recent(db, PEOPLE_IDS[login], [channel], 50))


def test_the_list_tells_of_each_device_how_it_went_last(anna: Client, services: Services) -> None:
    number, other = add(services, "anna", HOSTILE), add(services, "anna", "Anna's phone", "fcm")
    add(services, "boris", "Firefox on Linux")

    def fail(db: Any) -> None:
        devices.note(db, number, NOW)
        devices.note(db, number, NOW + timedelta(minutes=1), "unreachable")
        devices.note(db, other, NOW, "refused")
        devices.note(db, other, NOW + timedelta(minutes=1))

    services.database.run_here(fail, writes=True)
    page = anna.get(PAGE, headers=HTML).text
    assert "Firefox on Linux" not in page and "<script>alert" not in page
    assert REASONS["unreachable"].text in page and REASONS["refused"].text not in page
    listed = {it["id"]: it for it in anna.get(LIST).json()["devices"]}
    assert listed.keys() == {number, other} and listed[number]["failure"] == REASONS["unreachable"].text
    assert listed[other]["failure"] is None and listed[other]["succeeded_at"] and listed[other]["failed_at"]
    assert "push.example.test" not in page + json.dumps(list(listed.values()))


def test_a_device_is_removed_by_its_person_alone(visit: Visit, services: Services) -> None:
    number, address = add(services, "anna"), f"{LIST}/{{}}/remove"
    put(services, device_id=number)
    assert visit("boris").post(address.format(number)).status_code == 404
    anna = visit("anna")
    answer = anna.post(address.format(number), data={"idempotency_key": "k"}, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}#devices")
    assert anna.get(LIST).json()["devices"] == [] and waiting(services, "anna", "webpush")[0].reason == "gone"
    assert anna.post(address.format(number)).status_code == 404


def test_a_test_is_sent_to_the_device_alone_whatever_is_wanted(
    visit: Visit, services: Services, woken: list[str]
) -> None:
    number, _, anna = add(services, "anna"), add(services, "anna", "Another"), visit("anna")
    services.database.run_here(
        lambda db: preferences.save(db, PEOPLE_IDS["anna"], to_json(Preferences(frozenset(), in_browser=False))),
        writes=True,
    )
    assert visit("boris").post(f"{LIST}/{number}/test").status_code == 404
    answer = anna.post(f"{LIST}/{number}/test", data={"idempotency_key": "k"}, headers=HTMX)
    assert answer.status_code == 200 and "<html" not in answer.text and "A test is on its way." in answer.text
    (row,) = waiting(services, "anna", "webpush")
    assert (row.state, row.event.partition(".")[0]) == ("waiting", "test") and "webpush" in woken


def test_what_waits_for_a_channel_that_rests_or_is_stopped_says_so(anna: Client, services: Services) -> None:
    put(services, channel="email")
    later = NOW + timedelta(hours=1)
    rest = lambda db: channel_states.fail(db, "email", "unreachable", "", NOW, later)  # noqa: E731
    stop = lambda db: channel_states.stop(db, "email", 1)  # noqa: E731
    stopped = "an administrator has stopped this"
    for change, test, row in ((rest, "does not work just now", "works again"), (stop, stopped, stopped)):
        services.database.run_here(change, writes=True)
        assert test in anna.post(f"{LIST}/email/test").json()["message"]
        told = anna.get(DELIVERY).json()["channels"]["email"]["decisions"]
        assert all(row in it["message"] for it in told) and len(told) >= 2
        assert ("Next at" in anna.get(DELIVERY, headers=HTML).text) == (row == "works again")


def test_an_address_that_was_refused_can_be_tried_again(visit: Visit, services: Services) -> None:
    anna, person = visit("anna"), PEOPLE_IDS["anna"]
    flag = lambda address: lambda db: flagged_addresses.flag(db, person, address, "550 no such user", NOW)  # noqa: E731
    services.database.run_here(flag("former@example.test"), writes=True)
    assert not anna.get(LIST).json()["email"]["is_refused"]
    services.database.run_here(flag("anna@example.test"), writes=True)
    assert "A mail server has refused this address" in anna.get(PAGE, headers=HTML).text
    assert anna.post(f"{LIST}/email/test").json()["email"] == {
        "address": "anna@example.test", "is_refused": True, "is_enabled": True,
    }, "a server has to accept it first"  # fmt: skip
    assert len(waiting(services, "anna", "email")) == 1


@pytest.mark.parametrize(("is_proven", "most"), [(True, 10), (False, 3)])
def test_tests_flood_no_mailbox(visit: Visit, services: Services, is_proven: bool, most: int) -> None:
    """The address may be a stranger's."""
    values: dict[str, Any] = {"is_email_proven": is_proven}
    change = sa.update(Person).where(col(Person.id) == PEOPLE_IDS["anna"]).values(values)
    services.database.run_here(lambda db: db.exec(change), writes=True)
    anna, statuses = visit("anna"), list[int]()

    def pass_by(minutes: int, **values: Any) -> None:
        """Let the tests that were added be older."""
        older = lambda db: [  # noqa: E731
            setattr(it, name, value)
            for it in db.exec(select(OutboxRow))
            for name, value in {**values, "created_at": it.created_at - timedelta(minutes=minutes)}.items()
        ]
        services.database.run_here(older, writes=True)

    assert [anna.post(f"{LIST}/email/test").status_code for _ in range(5)] == [200] * 5
    assert len(waiting(services, "anna", "email")) == 1, "one that waits is not added again"
    pass_by(0, state="sent")
    refused = anna.post(f"{LIST}/email/test")
    assert refused.status_code == 429 and 0 < int(refused.headers["retry-after"]) <= 60
    for _ in range(most + 1):
        pass_by(2, state="sent")
        statuses.append(anna.post(f"{LIST}/email/test").status_code)
    assert statuses == [200] * (most - 1) + [429] * 2
    assert int(anna.post(f"{LIST}/email/test").headers["retry-after"]) > 80_000
    pass_by(24 * 60)
    assert anna.post(f"{LIST}/email/test").status_code == 200


def test_nothing_is_asked_for_where_pushes_and_mail_are_not_set_up(anna: Client, services: Services) -> None:
    services.outbox.workers.clear()
    page = anna.get(PAGE, headers=HTML).text
    assert "data-push" not in page and "/push-" not in page and page.count("not set up</small>") == 2
    assert "Push is not set up here" in page and "E-mail is not set up here" in page
    assert anna.post(f"{LIST}/email/test").status_code == 501
    told = anna.get(DELIVERY).json()["channels"]
    assert {it["obstacles"][0] for it in told.values()} == {"The administrator has not set this up."}


# Why did I not get it?


def obstacles(client: Client, channel: str) -> list[str]:
    found: list[str] = client.get(DELIVERY).json()["channels"][channel]["obstacles"]
    return found


def test_what_stands_in_the_way_is_told(anna: Client, services: Services) -> None:
    assert obstacles(anna, "push")[0] == "You have added no browser and no phone."
    add(services, "anna")
    wanted = default_cells() | {(type, option) for type, option in default_cells() if option == "page"}
    everything = Preferences(wanted | {(type, option) for type, _ in wanted for option in ("push", "email")})
    nothing = Preferences(frozenset(), in_browser=False, digest=True)

    def choose(chosen: Preferences) -> None:
        services.database.run_here(lambda db: preferences.save(db, PEOPLE_IDS["anna"], to_json(chosen)), writes=True)

    choose(everything)
    assert obstacles(anna, "push") == obstacles(anna, "email") == ["Nothing stands in the way."]
    choose(nothing)
    assert obstacles(anna, "push") == [REASONS["off"].text, "You want no kind of news this way."]
    assert "You have chosen one e-mail a day" in obstacles(anna, "email")[0]
    choose(Preferences(everything.wanted - {("comment", "push")}))
    assert obstacles(anna, "push") == ["You do not want this way: A comment."]

    def fail(db: Any) -> None:
        channel_states.fail(db, "email", "unreachable", "10.0.0.7 refused", NOW, NOW)
        channel_states.stop(db, "webpush", 1)

    services.database.run_here(fail, writes=True)
    assert "An administrator has stopped this" in obstacles(anna, "push")[0]
    assert REASONS["unreachable"].text in obstacles(anna, "email")[0] and "10.0.0.7" not in obstacles(anna, "email")[0]


def test_the_last_decisions_are_told_in_words(anna: Client, services: Services, embedded: EmbeddedWorld) -> None:
    task, later = embedded.new_task(), NOW + timedelta(hours=2)
    ended = {"ended_at": NOW}
    put(services, task_id=task, state="skipped", reason="muted", **ended)
    put(services, task_id=task, state="sent", attempts=1, **ended)
    put(services, state="waiting", due_at=later, attempts=3, reason="busy", detail="10.0.0.7: 451 secret")
    put(services, event="test.1", state="failed", reason="refused", detail="secret", **ended)
    put(
        services, event="letter.7", type="letter", channel="email", state="failed", reason="of a later version", **ended
    )
    told = anna.get(DELIVERY).json()["channels"]
    assert [(it["state"], it["issue_id"]) for it in told["push"]["decisions"]] == [
        ("failed", None), ("waiting", None), ("sent", task), ("skipped", task),
    ]  # fmt: skip
    page = anna.get(DELIVERY, headers=HTML).text
    for words in (
        "A test",
        "A letter",
        REASONS["muted"].text,
        "Attempts so far: 3.",
        f'href="/tasks/{task}"',
        "Next at",
    ):
        assert words in page
    assert "secret" not in page and "10.0.0.7" not in page
    put(services, event="letter.8", type="letter", channel="email", letter_id=8, task_id=task)
    assert len(anna.get(DELIVERY).json()["channels"]["email"]["decisions"]) == 1, "what others get is none of these"
    for number in range(30):
        put(services, event=f"more.{number}", state="sent", **ended)
    assert len(anna.get(DELIVERY).json()["channels"]["push"]["decisions"]) == 20


def test_a_task_that_one_does_not_see_is_not_named(
    anna: Client, services: Services, embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(services, task_id=987_654, state="skipped", reason="not_visible", ended_at=NOW)
    seen = embedded.new_task()
    put(services, task_id=seen, state="sent", ended_at=NOW)
    page = anna.get(DELIVERY, headers=HTML).text
    assert "987654" not in page and f"#{seen}" in page and "see what it is about any more" in page

    async def silent(*_: object) -> None:
        raise Unavailable

    monkeypatch.setattr(EmbeddedBackend, "seen", silent)
    page = anna.get(DELIVERY, headers=HTML)
    assert page.status_code == 200 and f"#{seen}" not in page.text and "found out just now" in page.text


# What a browser installs


def test_the_worker_and_the_manifest_are_sent_when_they_have_changed(visit: Visit) -> None:
    client = visit()
    for address in ("/sw.js", "/manifest.webmanifest"):
        first = client.get(address)
        assert first.status_code == 200 and first.headers["cache-control"] == "private, no-cache"
        assert client.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    russian = client.get("/sw.js?locale=ru", headers={"Accept-Language": "en"})
    assert client.get("/sw.js?locale=../x", headers={"Accept-Language": "ru"}).text == russian.text
    assert russian.headers["content-type"].startswith("text/javascript") and "\\u0414" in russian.text
    assert visit(brand_name="</script>'\"").get("/sw.js").text.startswith('self.TEXT={"title": "</script>\'\\""')


def test_the_manifest_names_icons_that_are_there(visit: Visit) -> None:
    client = visit(brand_name="Служба «Ё»")
    manifest = client.get("/manifest.webmanifest").json()
    assert (manifest["name"], manifest["scope"], manifest["start_url"]) == ("Служба «Ё»", "/", "/")
    assert {(it["sizes"], it["purpose"]) for it in manifest["icons"]} >= {
        ("192x192", "any"), ("512x512", "any"), ("512x512", "maskable"),
    }  # fmt: skip
    for icon in manifest["icons"]:
        answer = client.get(icon["src"])
        assert answer.status_code == 200 and answer.headers["content-type"] == icon["type"]
