"""The numbers of reports over the embedded tracker and over Redmine's database, against a reckoning task by task.

Every person of random companies is asked, so that each number is what that person sees. At length by `make soak`.
"""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from helpdesk.errors import NotFound
from helpdesk.reports.model import MEASURES, Question, Selection
from helpdesk.store.models import table, tables
from helpdesk.tasks.embedded.reports import EmbeddedReports
from helpdesk.tasks.model import Actor
from helpdesk.tasks.redmine.reports import RedmineReports
from helpdesk.tasks.redmine.sql import again
from helpdesk.tasks.redmine.sql import tables as theirs
from helpdesk.tasks.redmine.sql.connection import RedmineDatabase
from helpdesk.tasks.redmine.sql.report_tables import SNAPSHOT
from helpdesk.tasks.redmine.sql.source import Source
from tests.permissions.drawing import Row
from tests.permissions.oracle import Laboratory
from tests.permissions.worlds import World as Redmine
from tests.permissions.worlds import drawn
from tests.reports.reckoning import (
    BEGIN,
    END,
    Company,
    Reckoning,
    Step,
    Tale,
    differences,
    happened,
    last_closing,
    question,
    tales,
)
from tests.servers.mariadb import url_of
from tests.tasks.worlds import WORLDS
from tests.world import FIELD_IDS, PEOPLE_IDS, PRIORITY_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

SOAK = bool(os.environ.get("SOAK"))
TASKS = 500
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/Moscow")
OFFICE_ONLY = 991
EMBEDDED = pytest.mark.parametrize(
    "world",
    [pytest.param(it, marks=pytest.mark.xdist_group(it)) for it in WORLDS if it not in ("redmine", "sql")],
    indirect=True,
)
HISTORY = (tables.CustomValue, tables.Entry)


def asked(dice: Random, company: Company, zone: ZoneInfo, number: int, fields: Sequence[int]) -> Iterator[Question]:
    return (question(dice, company, zone, fields) for _ in range(number))


def in_embedded(session: Session, found: Sequence[Tale], closed: set[int]) -> None:
    """Insert tasks as the embedded tracker would have left them."""
    models = (tables.Task, tables.CustomValue, tables.Entry, tables.Change)
    rows: dict[Any, list[Row]] = {model: [] for model in models}
    first_entry, first_change = (free_id(session, model) for model in (tables.Entry, tables.Change))
    for tale in found:
        rows[tables.Task].append(
            {
                "id": tale.id, "project_id": tale.project, "kind_id": tale.tracker, "status_id": tale.status,
                "priority_id": tale.priority, "author_id": tale.author, "assignee_id": tale.assignee,
                "subject": f"Задача {tale.id}", "is_private": tale.is_private, "created_at": tale.created,
                "updated_at": tale.updated,
                "closed_at": last_closing(tale, closed) if tale.status in closed else None,
            }
        )  # fmt: skip
        rows[tables.CustomValue] += [
            {"task_id": tale.id, "field_id": field, "place": place, "value": text}
            for field, texts in tale.texts.items()
            for place, text in enumerate(texts)
        ]
        before = tale.first
        for step in tale.steps:
            entry = first_entry + len(rows[tables.Entry])
            rows[tables.Entry].append(
                {"id": entry, "task_id": tale.id, "author_id": step.by, "created_at": step.moment, "notes": ""}
            )
            old, new = str(before), str(step.status)
            for name, was, becomes in (("status", old, new), ("priority", new, old)):
                number = first_change + len(rows[tables.Change])
                sides = {"old_value": was, "new_value": becomes}
                rows[tables.Change].append({"id": number, "entry_id": entry, "field": name, **sides})
            before = step.status
    for model in models:
        session.execute(sa.insert(table(model)), rows[model])


def free_id(session: Session, model: Any) -> int:
    """Return the first id after those that are taken."""
    return (session.scalar(sa.select(sa.func.max(table(model).c.id))) or 0) + 1


@pytest.fixture
def told(world: EmbeddedWorld) -> Iterator[tuple[Company, list[Tale], ZoneInfo]]:
    """Random tasks beside those of other tests, with a field of one project and several texts; gone afterwards."""
    dice = Random(os.environ.get("SEED", "1"))
    zone = ZoneInfo(dice.choice(ZONES))
    with world.project_below("help") as below:
        company = Company(
            [*PROJECT_IDS.values(), below], {below: PROJECT_IDS["help"]}, (1, 2), list(PRIORITY_IDS.values()),
            list(STATUS_IDS.values()), (77,), {STATUS_IDS["closed"], STATUS_IDS["rejected"]},
            [PEOPLE_IDS[it] for it in ("anna", "boris", "irina")], [PEOPLE_IDS["anna"], PEOPLE_IDS["irina"]],
            {FIELD_IDS["Кабинет"]: 1, OFFICE_ONLY: 3},
        )  # fmt: skip
        first = world.database.run_here(lambda session: free_id(session, tables.Task))
        found = tales(dice, company, range(first, first + TASKS), zone)

        def write(session: Session) -> None:
            session.add(
                tables.CustomField(
                    id=OFFICE_ONLY, name="Курорт", position=9, project_id=PROJECT_IDS["office"], multiple=True
                )
            )
            session.flush()
            in_embedded(session, found, set(company.closed))

        world.database.run_here(write, writes=True)
        yield company, found, zone
        world.database.run_here(lambda session: forget(session, found), writes=True)


def forget(session: Session, found: Sequence[Tale]) -> None:
    ids = [tale.id for tale in found]
    entries = sa.select(table(tables.Entry).c.id).where(table(tables.Entry).c.task_id.in_(ids))
    session.execute(sa.delete(table(tables.Change)).where(table(tables.Change).c.entry_id.in_(entries)))
    for model in HISTORY:
        session.execute(sa.delete(table(model)).where(table(model).c.task_id.in_(ids)))
    session.execute(sa.delete(table(tables.Task)).where(table(tables.Task).c.id.in_(ids)))
    session.execute(sa.delete(table(tables.CustomField)).where(table(tables.CustomField).c.id == OFFICE_ONLY))


def shown_in_embedded(tale: Tale, field: int) -> tuple[str, ...]:
    hides = field == OFFICE_ONLY and tale.project != PROJECT_IDS["office"]
    return () if hides else tale.texts.get(field, ())


def sees(login: str, tale: Tale) -> bool:
    """Whether somebody sees a task: anna all, irina her own in two projects."""
    its_own = PEOPLE_IDS["irina"] in (tale.author, tale.assignee)
    return login in ("admin", "anna") or (login == "irina" and its_own and tale.project != PROJECT_IDS["warehouse"])


@EMBEDDED
@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_the_embedded_tracker_counts_what_a_reckoning_counts(
    world: EmbeddedWorld, told: tuple[Company, list[Tale], ZoneInfo]
) -> None:
    company, found, zone = told
    dice, source, ids = Random("asked"), EmbeddedReports(world.database), tuple(tale.id for tale in found)
    faults = []
    for login in ("admin", "anna", "irina", "stranger"):
        seen = [tale for tale in found if sees(login, tale)]
        reckoning = Reckoning(company, seen, shown_in_embedded)
        fields = list(company.fields) if login in ("admin", "anna", "irina") else []
        for it in asked(dice, company, zone, 300 if SOAK else 7, fields):
            limited = it._replace(selection=it.selection._replace(task_ids=ids))
            faults += await differences(source, world.actor(login), reckoning, limited, dice)
    assert not faults, "\n".join([f"{len(faults)} differences", *faults[:5]])


def in_redmine(world: Redmine, found: Sequence[Tale], closed: set[int], zone: ZoneInfo) -> Redmine:
    """Return a random Redmine with these tasks in the place of its own."""
    rows: dict[str, list[Row]] = {name: [] for name in ("issues", "journals", "journal_details", "custom_values")}

    def local(moment: datetime) -> datetime:
        return moment.astimezone(zone).replace(tzinfo=None)

    for tale in found:
        closings = happened(tale, "closed", closed)
        rows["issues"].append(
            {
                "id": tale.id, "root_id": tale.id, "lft": 1, "rgt": 2, "project_id": tale.project,
                "tracker_id": tale.tracker, "status_id": tale.status, "priority_id": tale.priority,
                "author_id": tale.author, "assigned_to_id": tale.assignee, "is_private": tale.is_private,
                "subject": f"Task {tale.id}", "created_on": local(tale.created), "updated_on": local(tale.updated),
                "closed_on": local(max(closings)) if closings else None,
            }
        )  # fmt: skip
        before = tale.first
        for step in tale.steps:
            number = len(rows["journals"]) + 5001
            rows["journals"].append(
                {"id": number, "journalized_id": tale.id, "journalized_type": "Issue", "user_id": step.by,
                 "created_on": local(step.moment), "private_notes": False, "notes": ""}
            )  # fmt: skip
            old, new = str(before), str(step.status)
            for kind, name in (("attr", "priority_id"), ("attr", "status_id"), ("cf", "status_id")):
                sides = (old, new) if (kind, name) == ("attr", "status_id") else (new, old)
                rows["journal_details"].append(
                    {"journal_id": number, "property": kind, "prop_key": name, "old_value": sides[0], "value": sides[1]}
                )
            before = step.status
        rows["custom_values"] += [
            {"customized_type": "Issue", "customized_id": tale.id, "custom_field_id": field, "value": text}
            for field, texts in tale.texts.items()
            for text in texts or ("",)
        ]
    kept = {name: its for name, its in world.tables.items() if name not in ON_TASKS}
    return world._replace(tables={**kept, **rows})


ON_TASKS = ("issue_relations", "attachments", "watchers", "time_entries")


def company_of(world: Redmine) -> Company:
    rows = world.tables
    fields = [row for row in rows["custom_fields"] if row["type"] == "IssueCustomField"]
    groups = [row["id"] for row in rows["users"] if row["type"] == "Group"]
    return Company(
        [row["id"] for row in rows["projects"]], {row["id"]: row["parent_id"] for row in rows["projects"]},
        [row["id"] for row in rows["trackers"]], range(1, 6), [row["id"] for row in rows["issue_statuses"]], (999, 998),
        {row["id"] for row in rows["issue_statuses"] if row["is_closed"]}, [*world.people, 999_999],
        [*world.people, *groups, 888_888], {row["id"]: 2 if row["multiple"] else 1 for row in fields},
    )  # fmt: skip


def roles_of(world: Redmine, person: int, project: int) -> set[int]:
    """Return the roles of a person in a project. Source: User#roles_for_project."""
    rows, found = world.tables, world.by_id("projects")[project]
    mine = [row["id"] for row in rows["members"] if (row["user_id"], row["project_id"]) == (person, project)]
    if mine:
        return {row["role_id"] for row in rows["member_roles"] if row["member_id"] in mine}
    if found["status"] == 9 or not found["is_public"]:
        return set()
    guests = [row["id"] for row in rows["members"] if (row["user_id"], row["project_id"]) == (3, project)]
    return {row["role_id"] for row in rows["member_roles"] if row["member_id"] in guests} or {1}


def shows(world: Redmine, person: int, field: int, project: int) -> bool:
    """Whether a person sees a custom field in a project. Source: IssueCustomField#visible_by?."""
    rows, definition = world.tables, world.by_id("custom_fields")[field]
    projects = [row["project_id"] for row in rows.get("custom_fields_projects", ()) if row["custom_field_id"] == field]
    used = definition["is_for_all"] or project in projects
    roles = {row["role_id"] for row in rows.get("custom_fields_roles", ()) if row["custom_field_id"] == field}
    is_admin = world.by_id("users")[person]["admin"]
    sees_it = definition["visible"] or is_admin or bool(roles & roles_of(world, person, project))
    alive = world.by_id("projects")[project]["status"] != 9 and (is_admin or bool(roles_of(world, person, project)))
    return bool(used and sees_it and alive)


@pytest.mark.soak
@pytest.mark.xdist_group("permissions 0")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(1, 41 if SOAK else 2))
async def test_everybody_is_counted_what_redmine_shows_to_them(lab: Laboratory, seed: int) -> None:
    dice = Random(seed)
    zone = ZoneInfo(dice.choice(ZONES))
    plain = drawn(seed)
    company = company_of(plain)
    found = tales(dice, company, range(2001, 2001 + TASKS), zone)
    world = in_redmine(plain, found, set(company.closed), zone)._replace(seed=-seed)
    lab.settle(world)
    facts = lab.ask(world, 0, 0)
    database = RedmineDatabase(url_of(lab.reader), zone)
    source, faults, seen = RedmineReports(Source(database)), list[str](), 0
    used = {(row["custom_field_id"], row["tracker_id"]) for row in world.tables.get("custom_fields_trackers", ())}
    for person in set(world.people) - world.locked:

        def shown(tale: Tale, field: int, person: int = person) -> tuple[str, ...]:
            has = (field, tale.tracker) in used and shows(world, person, field, tale.project)
            return tuple(text for text in tale.texts.get(field, ()) if text) if has else ()

        known, actor = set(facts[person]["visible"]), Actor(person, f"person{person}")
        projects = facts[person]["projects"]  # a project below a hidden one is at the top
        tree = {it: above for it, above in company.parents.items() if it in projects and above in projects}
        own = Reckoning(company._replace(parents=tree), [tale for tale in found if tale.id in known], shown)
        fields = [it for it in company.fields if any(shows(world, person, it, project) for project in company.projects)]
        choices = await source.choices(actor)
        assert [it.id for it in choices.fields] == [it for it in company.fields if it in fields]
        seen += len(known)
        for hidden in set(company.fields) - set(fields):
            with pytest.raises(NotFound):
                await source.counts(actor, question(dice, company, zone, [])._replace(groups=(f"cf_{hidden}",)))
        for it in asked(dice, company, zone, 12 if SOAK else 5, fields):
            faults += await differences(source, actor, own, it, dice)
    database.close()
    assert seen > TASKS
    assert not faults, "\n".join([f"{len(faults)} differences", *faults[:5]])


@pytest.mark.xdist_group("permissions 0")
@pytest.mark.timeout(300)
async def test_what_is_reopened_later_is_counted_as_well(lab: Laboratory) -> None:
    """Those that were reopened are remembered: the later ones must join them."""
    dice, zone, plain = Random(5), ZoneInfo("Europe/Berlin"), drawn(5)
    company = company_of(plain)._replace(gone=())
    found = tales(dice, company, range(2001, 2101), zone)
    closed = next(it for it in found if it.status in company.closed)
    opened = next(it for it in company.statuses if it not in company.closed)
    later = Step(END, opened, company.people[0])
    database = RedmineDatabase(url_of(lab.reader), zone)
    source, admin = RedmineReports(Source(database)), next(row for row in plain.tables["users"] if row["admin"])
    actor, borders = Actor(admin["id"], "admin"), (BEGIN, END + timedelta(days=1))
    for tale in (closed, closed._replace(steps=(*closed.steps, later))):
        told = [tale if it.id == tale.id else it for it in found]
        lab.settle(in_redmine(plain, told, set(company.closed), zone))
        lives = await source.lives(actor, [it.id for it in told])
        own = Reckoning(company, [it for it in told if it.id in lives], lambda *_: ())
        for measure in MEASURES:
            question = Question(Selection(), measure, borders)
            assert dict(await source.counts(actor, question)) == own.counts(question), measure
    database.close()


@pytest.mark.xdist_group("permissions 0")
@pytest.mark.timeout(300)
async def test_the_statuses_of_today_say_when_tasks_were_closed(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redmine notes the time of closing by the statuses as they were then."""
    monkeypatch.setattr(again, "SAME_SECONDS", 0)  # these tasks move about within seconds
    dice, zone, plain = Random(6), ZoneInfo("Europe/Berlin"), drawn(6)
    company = company_of(plain)._replace(gone=())
    found = [it for it in tales(dice, company, range(2001, 2201), zone) if it.first not in company.closed]
    first, *_ = company.closed
    opened = next(it for it in company.statuses if it not in company.closed)
    database = RedmineDatabase(url_of(lab.reader), zone)
    source, admin = RedmineReports(Source(database)), next(row for row in plain.tables["users"] if row["admin"])
    actor = Actor(admin["id"], "admin")
    for then in ({*company.closed} - {first}, {*company.closed, opened}):
        lab.settle(in_redmine(plain, found, then, zone))
        source.again = again.Again()
        lives = await source.lives(actor, [it.id for it in found])
        own = Reckoning(company, [it for it in found if it.id in lives], lambda *_: ())
        for measure in MEASURES:
            borders = tuple(BEGIN + (END - BEGIN) * n / 20 for n in range(21))
            question = Question(Selection(), measure, borders, ("time",))
            assert dict(await source.counts(actor, question)) == own.counts(question), (then, measure)
    database.close()


@pytest.mark.xdist_group("permissions 0")
@pytest.mark.timeout(300)
def test_who_reads_an_older_moment_than_the_last_one_reads_no_whole_history(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "OVERLAP", 10)
    plain, zone = drawn(5), ZoneInfo("Europe/Berlin")
    company = company_of(plain)._replace(gone=())
    closed, found = sorted(company.closed), tales(Random(5), company, range(2001, 2101), zone)
    lab.settle(in_redmine(plain, found, {*closed}, zone))
    reader, writer = (sa.create_engine(url_of(it)) for it in (lab.reader, lab.writer))
    remembered, asked = again.Again(), list[int]()

    def note(*args: Any) -> None:
        if "timestampdiff" in args[2]:
            asked.append(next(it for name, it in args[3].items() if name.startswith("id")))

    sa.event.listen(reader, "before_cursor_execute", note)
    with reader.connect() as older, reader.connect() as newer:
        for connection, change in ((older, True), (newer, False)):
            for statement in SNAPSHOT:
                connection.exec_driver_sql(statement)
            if change:
                with writer.begin() as db:
                    detail = theirs.journal_details
                    last = db.execute(sa.select(detail).order_by(detail.c.id.desc()).limit(1)).mappings().one()
                    db.execute(sa.insert(detail).values({**last, "id": last["id"] + 1}))
        seen = [list(remembered.ids(it, closed)) for it in (newer, older, newer)]
    assert asked[0] == -10 and min(asked[1:]) > 10
    assert seen[0] == seen[1] == seen[2] != []
    for engine in (reader, writer):
        engine.dispose()


@pytest.mark.xdist_group("permissions 0")
@pytest.mark.timeout(300)
async def test_people_in_custom_fields_have_names_where_a_visible_task_names_them(lab: Laboratory) -> None:
    seed = next(it for it in range(1, 50) if any(row["field_format"] == "user" for row in fields_of(drawn(it))))
    world, zone = drawn(seed), ZoneInfo("Europe/Berlin")
    company = company_of(world)
    field = next(row["id"] for row in fields_of(world) if row["field_format"] == "user")
    person, *_ = set(world.people) - world.locked
    told = tales(Random(seed), company, range(2001, 2051), zone)
    found = [it._replace(texts={field: (str(person),)}) for it in told]
    lab.settle(in_redmine(world, found, set(company.closed), zone))
    database = RedmineDatabase(url_of(lab.reader), zone)
    source = RedmineReports(Source(database))
    admin = next(row["id"] for row in world.tables["users"] if row["admin"])
    for actor, sees in ((Actor(admin, "admin"), True), (Actor(person, "person"), None)):
        its = {it.id: it for it in (await source.choices(actor)).fields}
        if sees or field in its:
            question = Question(Selection(), "created", (BEGIN, END + timedelta(days=1)), (f"cf_{field}",))
            occurs = (str(person),) in await source.counts(actor, question)
            names = await source.value_names(actor, field, [str(person), "424242", "no id", ""])
            assert its[field].kind == "list" and names["424242"] == "#424242"
            assert names.keys() == {str(person), "424242"}
            assert (names[str(person)] != f"#{person}") == occurs or any(
                it.value == str(person) for it in its[field].options
            )
    database.close()


def fields_of(world: Redmine) -> list[Row]:
    return [row for row in world.tables["custom_fields"] if row["type"] == "IssueCustomField" and row["visible"]]


@EMBEDDED
async def test_open_tasks_are_those_that_were_open_then_however_a_server_plans_to_find_them(
    world: EmbeddedWorld, told: tuple[Company, list[Tale], ZoneInfo]
) -> None:
    """MariaDB that knows how its tables are filled would join the histories task by task, and lose some."""
    company, found, zone = told
    if "mysql" in str(world.database.engine.url):
        for name in ("task", "custom_value", "entry", "change"):
            world.database.run_here(lambda db, name=name: db.execute(sa.text(f"ANALYZE TABLE tracker_{name}")))
    source, admin, faults = EmbeddedReports(world.database), world.actor("admin"), list[str]()
    reckoning = Reckoning(company, found, shown_in_embedded)
    room, ids = FIELD_IDS["Кабинет"], tuple(tale.id for tale in found)
    texts = Selection(tracker_ids=(1, 2), fields=((room, "x" * 300), (room, "é")), task_ids=ids)
    for selection in (Selection(task_ids=ids), texts, texts._replace(fields=())):
        for month in range(1, 13):
            borders = (BEGIN, datetime(2025, month, 6, tzinfo=zone))
            asked = Question(selection, "open", borders, ("tracker",))
            faults += await differences(source, admin, reckoning, asked, Random(month))
    assert not faults, "\n".join([f"{len(faults)} differences", *faults[:5]])


@EMBEDDED
@pytest.mark.usefixtures("told")
async def test_any_question_is_answered(world: EmbeddedWorld) -> None:
    """Also those that nobody can mean: of nothing, of everybody, of a thousand years, of what is no number."""
    source, admin = EmbeddedReports(world.database), world.actor("admin")
    usual = (BEGIN, END)
    many, vast = tuple(range(10_000)), (10**30, -1)
    selections = [
        Selection(executor_ids=many, author_ids=many, project_ids=many),
        Selection(status_ids=vast, project_ids=vast, executor_ids=vast),
        Selection(fields=((FIELD_IDS["Кабинет"], "\0"), (FIELD_IDS["Кабинет"], "x" * 65_536))),
    ]
    for measure in MEASURES:
        for selection in selections:
            await source.counts(admin, Question(selection, measure, usual, ("executor",)))
        for borders in (usual[::-1], (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))):
            question = Question(Selection(), measure, borders, ("executor", "time"))
            total = sum((await source.counts(admin, question)).values())
            assert bool(total) is (borders[0] < borders[1])
            for cell in ({"executor": "abc"}, {"executor": 10**30}, {"time": 7}, {"time": "0"}, {"time": -1}):
                assert (await source.found(admin, question, cell, page=10**30)).total == 0
        for group in ("cf_987654", "cf_1x", "cf_", "nothing", ""):
            with pytest.raises(NotFound):
                await source.counts(admin, Question(Selection(), measure, usual, (group,)))
