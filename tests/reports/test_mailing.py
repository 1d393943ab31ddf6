"""Reports by e-mail: once, to who still may read them, with what that person sees, over an imitated mail server."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlmodel import select

from helpdesk.errors import Unavailable
from helpdesk.notifications.channels.email.unsubscribe import Link, read, token
from helpdesk.people.rights import REPORTS
from helpdesk.reports.mailing import Mailer
from helpdesk.reports.model import Choices
from helpdesk.store import rights, saved_reports
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.delivery import OutboxRow
from helpdesk.store.models.reports import ReportMailing
from helpdesk.tasks.embedded.reports import EmbeddedReports
from helpdesk.tasks.model import Actor
from tests.notifications.mailing import PUBLIC, settings_of
from tests.reports.sending_reports import MOSCOW, mailer_of, send
from tests.running import begun
from tests.servers.imitated_smtp import HANG_UP, ImitatedSmtp, imitated_smtp
from tests.servers.process import wait_until
from tests.web.reports import world
from tests.world import PEOPLE_IDS, EmbeddedWorld

BORIS, IRINA = PEOPLE_IDS["boris"], PEOPLE_IDS["irina"]
HOSTILE = "=<b>Отчёт</b>\r\nBcc: x@y.z %s 🪑"


class Time:
    """A clock that a test sets. It begins on a Monday at nine, in the week after the world was made."""

    def __init__(self) -> None:
        today = datetime.now(MOSCOW).replace(hour=9, minute=0, second=0, microsecond=0)
        self.at = (today + timedelta(days=7 - today.weekday())).astimezone(UTC)

    def __call__(self) -> datetime:
        return self.at

    @property
    def due(self) -> datetime:
        return self.at - timedelta(hours=1)


class Slow(EmbeddedReports):
    """Counts when it is told to, and fails as it is told."""

    trouble: Exception | None = None

    async def choices(self, actor: Actor) -> Choices:
        if self.trouble:
            raise self.trouble
        await asyncio.sleep(0)
        return await super().choices(actor)


@pytest.fixture
def clock(embedded: EmbeddedWorld) -> Time:
    world.fill(embedded)
    return Time()


@pytest.fixture
def server() -> Iterator[ImitatedSmtp]:
    with imitated_smtp() as server:
        yield server


@pytest.fixture
def mailer(database: Database, server: ImitatedSmtp, clock: Time) -> Mailer:
    return mailer_of(database, settings_of(server), clock)


def save(
    database: Database, clock: Time, person: int = BORIS, query: str = "group=executor", name: str = "Итог"
) -> int:
    def work(db: Any) -> int:
        number = saved_reports.add(db, person, name, query, clock.due)
        saved_reports.mail(db, person, number, "weekly", clock.due)
        return number

    return database.run_here(work, writes=True)


def rows(database: Database) -> list[OutboxRow]:
    return list(database.run_here(lambda db: db.exec(select(OutboxRow)).all()))


def next_at(database: Database) -> datetime:
    (mailing,) = database.run_here(lambda db: db.exec(select(ReportMailing)).all())
    return mailing.next_at


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text and html
    return text.get_content(), html.get_content()


async def test_a_report_is_sent_with_its_numbers_and_once(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time
) -> None:
    number = save(database, clock)
    await send(mailer)
    await send(mailer)
    (received,) = server.received
    message = received.message
    assert received.recipients == ("boris@example.test",) and message["Subject"].startswith("Отчёт: ")
    text, html = parts(message)
    first, last = clock.at.astimezone(MOSCOW).date() - timedelta(days=7), clock.at.astimezone(MOSCOW).date()
    assert f"since={first}&until={last - timedelta(days=1)}&group=executor" in text
    assert f"{PUBLIC}/reports?" in text and "Борис Кузнецов" in text and "Всего" in text
    assert "<table" in html and "Борис Кузнецов" in html and f"{first:%d.%m}" in html
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = message["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    assert read(["k" * 32], link) == Link(BORIS, f"report.{number}")
    assert next_at(database) == clock.due + timedelta(days=7)


async def test_each_person_gets_what_they_see_themselves(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time
) -> None:
    for person in (BORIS, IRINA):
        save(database, clock, person, "group=project")
    await send(mailer)
    texts = {it.recipients[0]: parts(it.message)[0] for it in server.received}
    assert "warehouse" in texts["boris@example.test"] and "warehouse" not in texts["irina@example.test"]


async def test_names_of_people_and_reports_are_only_texts(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time
) -> None:
    save(database, clock, name=HOSTILE[:60])
    database.run_here(
        lambda db: setattr(db.get_one(tables.Person, PEOPLE_IDS["anna"]), "full_name", "<script>1</script>"),
        writes=True,
    )
    await send(mailer)
    (received,) = server.received
    assert received.message["Bcc"] is None and received.recipients == ("boris@example.test",)
    html = parts(received.message)[1]
    assert "&lt;b&gt;" in html and "<script>" not in html


@pytest.mark.parametrize("loss", ["right", "account", "sharing", "removed"])
async def test_nothing_is_sent_to_who_may_not_read_it_any_more(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time, loss: str
) -> None:
    number = save(database, clock, IRINA)
    database.run_here(lambda db: saved_reports.share(db, IRINA, number, is_shared=True), writes=True)
    database.run_here(lambda db: saved_reports.stop_mailing(db, IRINA, number), writes=True)
    database.run_here(lambda db: saved_reports.mail(db, BORIS, number, "weekly", clock.due), writes=True)

    def lose(db: Any) -> None:
        if loss == "right":
            rights.revoke(db, BORIS, REPORTS, ())
        elif loss == "account":
            db.get_one(tables.Person, BORIS).is_active = False
        elif loss == "sharing":
            saved_reports.share(db, IRINA, number, is_shared=False)
        else:
            saved_reports.remove(db, IRINA, number)

    database.run_here(lose, writes=True)
    await send(mailer)
    assert server.received == [] and rows(database) == []


@pytest.mark.parametrize("is_right", [True, False])
async def test_who_loses_the_right_or_the_mailing_while_the_server_is_down_gets_nothing(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time, is_right: bool
) -> None:
    number = save(database, clock)
    await mailer.step()
    assert [it.state for it in rows(database)] == ["waiting"]
    lose = (
        (lambda db: rights.revoke(db, BORIS, REPORTS, ()))
        if is_right
        else (lambda db: saved_reports.stop_mailing(db, BORIS, number))
    )
    database.run_here(lose, writes=True)
    await send(mailer)
    assert server.received == [] and [it.state for it in rows(database)] == (["skipped"] if is_right else [])


async def test_what_the_server_puts_off_is_sent_later(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time
) -> None:
    save(database, clock)
    server.answers["DATA"] = ["451 later"]
    await send(mailer)
    assert server.received == [] and [it.state for it in rows(database)] == ["waiting"]
    clock.at += timedelta(hours=2)
    await send(mailer)
    assert len(server.received) == 1


async def test_a_report_whose_acceptance_is_lost_is_the_same_mail_again(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time
) -> None:
    """The server has it and hangs up: whether it has is not known, so it comes again under the same Message-ID."""
    save(database, clock)
    server.answers["DATA"] = [HANG_UP]
    await send(mailer)
    assert [it.state for it in rows(database)] == ["waiting"]
    clock.at += timedelta(hours=2)
    for _ in range(3):
        await send(mailer)
    first, second = server.received
    assert first.message["Message-ID"] == second.message["Message-ID"] and first.content == second.content
    assert [it.state for it in rows(database)] == ["sent"]


async def test_an_address_that_is_refused_for_good_gets_no_report(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time
) -> None:
    save(database, clock)
    server.answers["boris@example.test"] = "550 no such mailbox"
    for _ in range(3):
        await send(mailer)
        clock.at += timedelta(hours=2)
    assert server.received == [] and [it.state for it in rows(database)] == ["failed"]
    assert next_at(database) == clock.at - timedelta(hours=7) + timedelta(days=7), "the next week is tried"


def test_of_processes_that_are_killed_each_report_comes_and_twice_only_as_the_same_mail(
    database: Database, server: ImitatedSmtp, clock: Time, tmp_path: Path
) -> None:
    names = {f"Отчёт {it}" for it in range(12)}
    for name in names:
        save(database, clock, name=name)
    url, dice, deaths = str(database.engine.url), Random(11), 0
    for life in range(40):
        now = (clock.at + timedelta(minutes=4 * life)).isoformat()
        process = begun(["tests.reports.sending_reports", url, str(server.port), now], tmp_path)
        known = len(server.received) + len(rows(database))
        most = known + dice.randint(1, 6)
        is_far = lambda: process.poll() is not None or len(server.received) + len(rows(database)) >= most  # noqa: E731, B023
        wait_until(is_far, seconds=60, what="some are sent", every=0.001)
        if process.poll() is None:
            time.sleep(dice.random() / 30)  # at any moment, also between two transactions
            process.kill()
            deaths += 1
        process.wait()
        if [it.state for it in rows(database)] == ["sent"] * len(names):
            break
    assert deaths >= 2
    came = defaultdict[str, list[str]](list)
    for it in server.received:
        came[it.message["Subject"].removeprefix("Отчёт: ")].append(it.message["Message-ID"])
    assert came.keys() == names and all(len(set(ids)) == 1 for ids in came.values())
    assert len(server.received) <= len(names) + deaths, "at most the one that is being accepted comes again"
    assert set(Counter(it.event for it in rows(database)).values()) == {1}


async def test_a_report_that_names_a_field_that_is_gone_says_so(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time
) -> None:
    save(database, clock, query="group=cf_999")
    await send(mailer)
    (received,) = server.received
    assert "больше нельзя посчитать" in parts(received.message)[0]


async def test_two_processes_at_once_send_it_once(database: Database, server: ImitatedSmtp, clock: Time) -> None:
    numbers = [save(database, clock, name=f"Отчёт {it}") for it in range(5)]
    both = [mailer_of(database, settings_of(server), clock, Slow(database)) for _ in range(2)]
    both[1].holder = both[0].holder  # so that the lease keeps neither away
    await asyncio.gather(*(it.step() for it in both))
    assert sorted(it.event.split(".")[1] for it in rows(database)) == sorted(map(str, numbers))


async def test_who_is_killed_before_the_outbox_has_it_sends_it_in_the_end_and_once(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(database, clock)

    def killed(*_: Any) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(mailer.outbox, "add_report", killed)
        with pytest.raises(asyncio.CancelledError):
            await mailer.step()
    assert rows(database) == [] and next_at(database) == clock.due
    started_again = mailer_of(database, settings_of(server), clock)
    started_again.holder = mailer.holder  # so that the lease keeps it not away
    await send(started_again)
    await send(started_again)
    assert len(server.received) == 1


async def test_a_backend_that_is_down_is_asked_again_after_a_while(
    database: Database, server: ImitatedSmtp, clock: Time
) -> None:
    source = Slow(database)
    mailer = mailer_of(database, settings_of(server), clock, source)
    save(database, clock)
    source.trouble = Unavailable(detail="down")
    await mailer.step()
    source.trouble = None
    await mailer.step()
    assert rows(database) == [] and next_at(database) == clock.due
    clock.at += timedelta(minutes=11)
    await mailer.step()
    assert len(rows(database)) == 1


async def test_weeks_that_nobody_sent_in_are_not_made_up_for(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time
) -> None:
    save(database, clock)
    clock.at += timedelta(days=21)
    await send(mailer)
    (received,) = server.received
    monday = clock.at.astimezone(MOSCOW).date()
    last = f"since={monday - timedelta(days=7)}&until={monday - timedelta(days=1)}&"
    assert last in parts(received.message)[0] and next_at(database) == clock.due + timedelta(days=7)


async def test_the_days_of_a_saved_report_may_become_too_many(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time
) -> None:
    save(database, clock, query=f"since={clock.at.year - 2}-01-01&until={clock.at:%Y-%m-%d}&by=day&group=executor")
    await send(mailer)
    (received,) = server.received
    assert "Борис Кузнецов" in parts(received.message)[0]


async def test_an_error_that_nobody_expects_stops_no_other_report(
    database: Database, server: ImitatedSmtp, clock: Time
) -> None:
    source = Slow(database)
    mailer = mailer_of(database, settings_of(server), clock, source)
    first, second = (save(database, clock, name=f"Отчёт {it}") for it in range(2))
    source.trouble = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await mailer.step()
    source.trouble = None
    await mailer.step()  # the watcher was started again
    assert [it.event.split(".")[1] for it in rows(database)] == [str(second)]
    clock.at += timedelta(minutes=11)
    await mailer.step()
    assert sorted(it.event.split(".")[1] for it in rows(database)) == sorted((str(first), str(second)))


async def test_a_large_report_is_cut_to_a_letter(
    database: Database, mailer: Mailer, server: ImitatedSmtp, clock: Time
) -> None:
    def work(db: Any) -> None:
        for number in range(300):
            project = tables.Project(identifier=f"p{number}", name=f"Проект {number}")
            db.add(project)
            db.flush()
            db.add(tables.Membership(project_id=project.id, person_id=BORIS, role_id=1))
            db.add(_task(project.id, clock))

    database.run_here(work, writes=True)
    save(database, clock, query="group=project")
    await mailer.step()
    (row,) = rows(database)
    letter = json.loads(json.loads(row.content)["excerpt"])
    assert len(letter["rows"]) == 51 and letter["more"].endswith("254")
    assert letter["rows"][-1][0] == "Всего" and len(row.content) < 20_000


def _task(project: int | None, clock: Time) -> tables.Task:
    values = {"kind_id": 1, "status_id": 1, "priority_id": 1, "author_id": IRINA, "subject": "x"}
    at = clock.at - timedelta(days=2)
    return tables.Task(project_id=project, **values, created_at=at, updated_at=at)


async def test_without_mail_nothing_is_done(database: Database, server: ImitatedSmtp, clock: Time) -> None:
    mailer = mailer_of(database, settings_of(server), clock)
    mailer.outbox.workers.clear()
    save(database, clock)
    await mailer.step()
    assert rows(database) == [] and next_at(database) == clock.due


@pytest.mark.parametrize("type", ["report.", "report.0", "report.x", "report.1.2", "report." + "9" * 99, 7])
def test_a_link_of_another_kind_stops_nothing(type: Any) -> None:
    assert read(["k" * 32], token(["k" * 32], Link(BORIS, type))) is None
