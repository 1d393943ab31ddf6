"""Who is a requester of a task: told of its events, named to staff, and trusted by proven addresses alone."""

from datetime import UTC, datetime
from functools import partial
from threading import Thread, current_thread, main_thread
from typing import Any

import pytest
from sqlmodel import Session

from helpdesk.errors import Invalid, NotAllowed, NotFound
from helpdesk.requests import addresses
from helpdesk.requests.accounts import MOST_ASKERS
from helpdesk.requests.model import NewRequest, RequestQuery
from helpdesk.store import directory_accounts, joins, people, registration, request_categories
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.tables import Person
from helpdesk.store.registration import Registration
from helpdesk.store.request_categories import CategoryValues
from helpdesk.tasks.feed import Event
from helpdesk.tasks.model import Edit
from tests.requests.desk import Desk
from tests.tasks.worlds import World
from tests.world import PEOPLE_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

EVERYBODY = ("anna", "boris", "irina", "stranger")


def categorized(database: Database, project: str) -> int:
    wanted = CategoryValues(project, "", PROJECT_IDS[project], 2, True)
    return database.run_here(lambda db: request_categories.add(db, PEOPLE_IDS["admin"], wanted), writes=True).id or 0


async def readers(desk: Desk, event: Event) -> set[str]:
    people = {login: await desk.who(login) for login in EVERYBODY}
    read = await desk.service.readers(event, people.values())
    return {login for login, who in people.items() if who.person.id in read}


@pytest.mark.usefixtures("nothing_is_set_up", "long_after_others")
async def test_requesters_read_public_events_of_others(world: World, desk: Desk) -> None:
    for login in ("stranger", "boris"):
        desk.set(login, is_email_proven=True)
    task, anna, irina = world.new_task(), world.actor("anna"), world.actor("irina")
    desk.address(task, "stranger@example.test, (boris@example.test) joboris@example.test")
    position = await world.feed.start()
    await world.backend.comment(anna, task, "Всем")
    await world.backend.comment(anna, task, "Своим", private=True)
    await world.backend.change(anna, task, Edit({"status": world.status("in_progress")}))
    await world.backend.change(anna, task, Edit({"priority": world.priority("urgent")}))
    await world.backend.comment(irina, task, "От меня")
    events = [it for it in (await world.feed.read(position)).events if it.task_id == task]
    told = {(it.notes, bool(it.status)): await readers(desk, it) for it in events}
    both, nobody = {"irina", "stranger"}, set[str]()
    assert told[("Всем", False)] == both and told[("", True)] == both
    assert told[("Своим", False)] == nobody and told[("", False)] == nobody
    assert told[("От меня", False)] == {"stranger"}
    found = await desk.service.requesters_of(events[0])
    assert {who.person.login for who in found} == both
    asked = await desk.service.asked_by(await world.backend.task(anna, task))
    assert [(it.login, it.email) for it in asked] == [
        ("stranger", "stranger@example.test"),
        ("", "joboris@example.test"),
    ]


async def test_an_address_counts_only_when_the_company_vouches_for_it(embedded: EmbeddedWorld) -> None:
    database, task = embedded.database, embedded.new_task(author="boris")
    desk = Desk(embedded, database)
    desk.address(task, "new@example.test")

    def register(session: Session) -> Person:
        return registration.register(session, Registration("newcomer", "new@example.test", "Н"), "hash")

    database.run_here(register, writes=True)
    assert await desk.service.visible(await desk.who("newcomer"), [task]) == set(), "anybody can type an address"
    added = Registration("added", "New@MSK.example.test", "Д")
    database.run_here(lambda db: registration.add(db, added, "hash", False).id, writes=True)
    assert await desk.service.visible(await desk.who("added"), [task]) == {task}


@pytest.mark.parametrize(("source", "trusted"), [("ldap", True), ("oracle", True)])
async def test_directories_of_the_company_vouch_for_addresses(
    embedded: EmbeddedWorld, source: str, trusted: bool
) -> None:
    values = {"email": "new@example.test", "full_name": "Н"}
    bind = directory_accounts.bind
    embedded.database.run_here(lambda db: bind(db, source, "newcomer", "id", values).id, writes=True)
    who = await Desk(embedded, embedded.database).who("newcomer")
    assert who.addresses == ({"new@example.test"} if trusted else set())


async def test_redmine_vouches_for_nobody_and_a_changed_address_is_not_trusted(embedded: EmbeddedWorld) -> None:
    desk = Desk(embedded, embedded.database)

    def sign_in(email: str) -> None:
        embedded.database.run_here(lambda db: people.bind_redmine(db, 70, "redminer", "Р", email).id, writes=True)

    sign_in("a@example.test")
    assert (await desk.who("redminer")).addresses == set()
    desk.set("redminer", is_email_proven=True)
    sign_in("a@example.test")
    assert (await desk.who("redminer")).addresses == {"a@example.test"}
    sign_in("boss@example.test")
    assert (await desk.who("redminer")).addresses == set()


async def test_proven_addresses_of_joined_accounts_count_too(embedded: EmbeddedWorld) -> None:
    database, desk = embedded.database, Desk(embedded, embedded.database)
    task = embedded.new_task(author="boris")
    desk.address(task, "second@example.test")
    add = Registration("second", "second@example.test", "В")

    def work(session: Session) -> None:
        other = registration.add(session, add, "hash", False)
        irina = people.with_login(session, "irina", "local")[0]
        joins.join(session, irina, other, datetime.now(UTC), None)

    database.run_here(work, writes=True)
    irina = await desk.who("irina")
    assert irina.addresses == {"second@example.test"}
    assert await desk.service.visible(irina, [task]) == {task}


async def test_a_requester_who_becomes_staff_and_back_keeps_the_requests(embedded: EmbeddedWorld) -> None:
    desk, database = Desk(embedded, embedded.database), embedded.database
    own, foreign = embedded.new_task(project="warehouse", author="stranger"), embedded.new_task(author="boris")
    seen = {}
    membership = tables.Membership(project_id=PROJECT_IDS["help"], person_id=5, role_id=1)
    for moment in ("before", "as staff", "after"):
        if moment == "as staff":
            database.run_here(lambda db: db.add(membership.model_copy()), writes=True)
            assert await embedded.backend.seen(embedded.actor("stranger"), [own, foreign]) == {foreign: True}
        if moment == "after":
            database.run_here(lambda db: db.delete(db.get_one(tables.Membership, (1, 5, 1))), writes=True)
        stranger = await desk.who("stranger")
        seen[moment] = await desk.service.visible(stranger, [own, foreign])
        assert [row.id for row in (await desk.service.page(stranger, RequestQuery())).rows] == [own]
    assert set(seen.values()) == {frozenset({own})}
    with pytest.raises(NotFound):
        await embedded.backend.task(embedded.actor("stranger"), own)
    assert (await desk.service.answer(stranger, own, "Ответ")).entries[-1].notes == "Ответ"


async def test_an_answer_reopens_what_waited_to_where_it_was(embedded: EmbeddedWorld) -> None:
    desk, database = Desk(embedded, embedded.database), embedded.database
    for old, new in (("waiting", "rejected"), ("waiting", "in_progress"), ("resolved", "closed")):
        step = tables.Transition(role_id=2, old_status_id=STATUS_IDS[old], new_status_id=STATUS_IDS[new])
        database.run_here(partial(Session.add, instance=step), writes=True)
    waiting = tables.BoardColumn(status_id=STATUS_IDS["waiting"], phase="waiting")
    database.run_here(lambda db: db.add(waiting), writes=True)
    task, anna, irina = embedded.new_task(), embedded.actor("anna"), await desk.who("irina")
    for status in ("in_progress", "waiting"):
        await embedded.backend.change(anna, task, Edit({"status": embedded.status(status)}))
    page = await desk.service.page(irina, RequestQuery(phase="waiting"))
    assert [row.id for row in page.rows] == [task] and (page.summary.waiting, page.total) == (1, 1)
    request = await desk.service.show(irina, task)
    assert request.phase == "waiting" and request.reopens and request.reopens.name == "in_progress"
    request = await desk.service.answer(irina, task, "Вот подробности")
    assert (request.row.status.name, request.phase, request.solves) == ("in_progress", "active", None)
    for grade in (None, 5):
        with pytest.raises(NotAllowed):
            await desk.service.solve(irina, task, grade)
    await embedded.backend.change(anna, task, Edit({"status": embedded.status("resolved")}))
    request = await desk.service.solve(irina, task, grade=5)
    assert request.row.status.is_closed and request.grade and request.solves is None
    request = await desk.service.solve(irina, task, grade=4)
    assert request.grade and request.grade.grade == 4


async def test_categories_lead_to_open_projects_and_say_so_otherwise(embedded: EmbeddedWorld) -> None:
    desk, database = Desk(embedded, embedded.database), embedded.database
    desk.set("irina", is_email_proven=True)
    stranger, irina = await desk.who("stranger"), await desk.who("irina")
    assert await desk.service.categories(stranger) == ()
    offered = await desk.service.categories(irina)
    assert {it.project_id for it in offered} == {PROJECT_IDS["help"], PROJECT_IDS["office"]}
    assert all(it.id == -it.project_id for it in offered)
    first, second = (categorized(database, project) for project in ("warehouse", "office"))
    task = await desk.service.create(irina, NewRequest(" Весы ", "Врут", first))
    row = (await desk.service.show(irina, task)).row
    assert (row.subject, row.tracker.id, row.project.id) == ("Весы", 2, PROJECT_IDS["warehouse"])
    stored = database.run_here(lambda db: db.get_one(tables.Task, task).requester)
    assert stored == "irina@example.test"
    database.run_here(lambda db: setattr(db.get_one(tables.Project, 3), "is_archived", True), writes=True)
    assert [it.id for it in await desk.service.categories(irina)] == [second]
    with pytest.raises(Invalid) as refused:
        await desk.service.create(irina, NewRequest("Весы", "Врут", first))
    assert refused.value.fields.keys() == {"category_id"}
    with pytest.raises(NotFound):
        await desk.service.show(irina, task)
    assert (await desk.service.page(irina, RequestQuery())).total == 0


async def test_a_long_field_is_read_once_for_everybody_and_not_on_the_event_loop(
    embedded: EmbeddedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, threads, read = Desk(embedded, embedded.database), list[Thread](), addresses.listed
    for login in EVERYBODY:
        desk.set(login, is_email_proven=True)
    task = embedded.new_task()
    desk.address(task, ", ".join([f"u{number}@example.test" for number in range(2_000)] + ["boris@example.test"]))
    await embedded.backend.comment(embedded.actor("anna"), task, "Да")
    entry = (await embedded.backend.task(embedded.actor("anna"), task)).entries[-1].id
    event = await embedded.feed.event(task, entry)
    assert event

    def listed(*args: Any) -> tuple[str, ...]:
        threads.append(current_thread())
        return read(*args)

    monkeypatch.setattr(addresses, "listed", listed)
    assert {who.person.login for who in await desk.service.requesters_of(event)} == {"boris", "irina"}
    assert await readers(desk, event) == {"boris", "irina"}
    assert len(await desk.service.asked_by(await embedded.backend.task(embedded.actor("anna"), task))) == MOST_ASKERS
    assert len(threads) == 3 and main_thread() not in threads


async def test_an_account_that_is_shut_out_is_no_requester(embedded: EmbeddedWorld, database: Database) -> None:
    desk, task = Desk(embedded, database), embedded.new_task()
    await embedded.backend.comment(embedded.actor("anna"), task, "Да")
    entry = (await embedded.backend.task(embedded.actor("anna"), task)).entries[-1].id
    event = await embedded.feed.event(task, entry)
    assert event and [who.person.login for who in await desk.service.requesters_of(event)] == ["irina"]
    desk.set("irina", blocked_at=datetime.now(UTC))
    assert await desk.service.requesters_of(event) == []
