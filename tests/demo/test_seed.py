"""The demo's data: consistent in itself, alive whenever it is started, and fit to be shown."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, col, func, select

from helpdesk.demo import quality_requests
from helpdesk.demo.call_rows import call_rows
from helpdesk.demo.load import load
from helpdesk.demo.seed import SEED, Entry, Task, read
from helpdesk.demo.task_rows import task_rows
from helpdesk.demo.worktime import DAY, ZONE, ago, workday
from helpdesk.people.rights import WRITER
from helpdesk.promises.service import Promises
from helpdesk.quality.assessments import Mark, score
from helpdesk.store import assessments, posts, schema
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.models import tables
from helpdesk.store.models.posts import Post
from helpdesk.store.models.quality import Assessment, QualityChoice
from helpdesk.store.post_readers import Reader
from helpdesk.tasks.embedded.lists import statuses
from helpdesk.tasks.embedded.reports import EmbeddedReports
from helpdesk.tasks.fields import CustomField, Option, fault
from helpdesk.tasks.model import Actor, Status

NOW = datetime(2026, 5, 6, 14, 0, tzinfo=UTC)
WORLD, TASKS = read()
CLOSED = {it["key"] for it in WORLD["status"] if it.get("is_closed")}
ROLE = {(it["key"], login): role for it in WORLD["project"] for login, role in it["members"].items()}
WORKFLOW = {(it["role"], it["old"]): it["new"] for it in WORLD["transition"]}
PAGE = 25
OF_QUALITY = {
    tables.Task: quality_requests.COUNT,
    tables.CustomValue: quality_requests.COUNT * len(quality_requests.FIELDS),
    tables.Entry: sum({"new": 0, "closed": 2, "rejected": 2}.get(it.status, 1) for it in quality_requests.requests()),
}
OF_QUALITY[tables.Change] = OF_QUALITY[tables.Entry]
"""The rows that the project of quality control adds."""
SEVERAL_NOWS = [NOW + timedelta(days=day, hours=hour) for day in range(7) for hour in range(0, 24, 6)]


def keys(kind: str, name: str = "key") -> list[str]:
    return [it[name] for it in WORLD[kind]]


def texts(task: Task) -> list[str]:
    return [task.subject, *filter(None, [task.description]), *(entry.notes for entry in task.history if entry.notes)]


def entries() -> Iterator[tuple[Task, Entry]]:
    return ((task, entry) for task in TASKS for entry in task.history)


def changes(task: Task, field: str) -> list[Sequence[str | None]]:
    return [entry.changes[field] for entry in task.history if field in entry.changes]


@cache
def stored(now: datetime) -> dict[type[SQLModel], list[dict[str, Any]]]:
    """The rows that a store filled at `now` has of tasks, ids being places in the data."""
    kinds = ("status", "priority", "tracker", "role", "project")
    ids = {kind: {key: place for place, key in enumerate(keys(kind), start=1)} for kind in kinds}
    ids["assignee"] = {login: place for place, login in enumerate(keys("person", "login"), start=1)}
    ids["custom_field"] = {name: place for place, name in enumerate(keys("custom_field", "name"), start=1)}
    return dict(task_rows(TASKS, ids, now))


def test_the_file_has_a_line_for_each_thing_and_is_small() -> None:
    assert SEED.stat().st_size < 500_000
    assert len(SEED.read_text("utf-8").splitlines()) == len(TASKS) + sum(map(len, WORLD.values()))


def test_there_are_the_people_projects_and_rules_of_a_company() -> None:
    assert keys("person", "login") == ["admin", "anna", "boris", "irina", "stranger"]
    assert [it["login"] for it in WORLD["person"] if it.get("is_admin")] == ["admin"]
    assert keys("project") == ["helpdesk", "printing", "network", "office", "warehouse", "erp"]
    assert {it.get("parent", "helpdesk") for it in WORLD["project"]} == {"helpdesk"}
    assert all(it["full_name"] and it["department"] and it["position"] for it in WORLD["person"])
    assert [it["key"] for it in WORLD["status"] if it.get("is_default")] == ["new"]
    assert [it["key"] for it in WORLD["priority"] if it.get("is_default")] == ["normal"]
    assert set(ROLE.values()) == set(keys("role")) and len(WORLD["reply"]) == 3


def test_tasks_are_numbered_in_order_and_no_subject_comes_twice() -> None:
    assert [task.number for task in TASKS] == list(range(1, len(TASKS) + 1))
    assert len({task.subject for task in TASKS}) == len(TASKS) > 300
    created = [task.created for task in TASKS if not task.parent and task.number < 301]
    assert created == sorted(created, reverse=True)


def test_every_key_is_known_and_used() -> None:
    assert {task.project for task in TASKS} == set(keys("project"))
    assert {task.tracker for task in TASKS} == set(keys("tracker"))
    assert {task.status for task in TASKS} == set(keys("status"))
    assert {task.priority for task in TASKS} == set(keys("priority"))
    assert {task.author for task in TASKS} == {"admin", "anna", "boris", "irina"}
    assert {entry.author for _, entry in entries()} == {"anna", "boris", "irina"}


@pytest.mark.parametrize("now", SEVERAL_NOWS)
def test_everything_happens_within_120_days_in_working_hours(now: datetime) -> None:
    for minutes in {task.created for task in TASKS} | {entry.at for _, entry in entries()}:
        at = ago(now, minutes)
        assert now - timedelta(days=120) < at <= now and at.utcoffset() == timedelta(0)
        assert at.astimezone(ZONE).weekday() < 5 and 9 <= at.astimezone(ZONE).hour < 18


def test_something_happened_within_the_last_hour_and_on_each_of_the_last_days() -> None:
    moments = [entry.at for _, entry in entries()]
    assert min(moments) < 60
    assert {minutes // DAY for minutes in moments} >= set(range(20))


def test_history_is_in_order_of_time() -> None:
    for task in TASKS:
        assert all(before > after for before, after in pairwise([task.created, *(it.at for it in task.history)]))


@pytest.mark.parametrize("field", ["status", "priority", "assignee"])
def test_changes_lead_to_the_present_state(field: str) -> None:
    for task in TASKS:
        made = changes(task, field)
        assert all(old != new for old, new in made)
        assert all(before[1] == after[0] for before, after in pairwise(made))
        assert not made or made[-1][1] == getattr(task, field)


def test_every_task_began_as_new() -> None:
    assert all((changes(task, "status") or [(task.status, None)])[0][0] == "new" for task in TASKS)


def test_every_entry_says_or_changes_something() -> None:
    assert all(entry.notes or entry.changes for _, entry in entries())


def test_authors_are_members_of_the_project_or_the_administrator() -> None:
    assert all((task.project, entry.author) in ROLE for task, entry in entries())
    assert all(task.author == "admin" or (task.project, task.author) in ROLE for task in TASKS)


def test_workflow_allows_each_status_change_to_its_author() -> None:
    # One of the sub-tasks was resolved at once, which no role may do.
    for task, entry in entries():
        if "status" in entry.changes and not task.parent:
            old, new = entry.changes["status"]
            assert new in WORKFLOW[ROLE[task.project, entry.author], old]


def test_only_assignable_people_are_assigned() -> None:
    assignable = {it["key"] for it in WORLD["role"] if "assignable" in it["permissions"]}
    assert all(task.assignee is None or ROLE[task.project, task.assignee] in assignable for task in TASKS)


def test_requesters_only_comment_on_what_they_asked_for() -> None:
    for task, entry in entries():
        if ROLE[task.project, entry.author] == "requester":
            assert task.author == entry.author and entry.changes.keys() <= {"status"}


def test_private_comments_are_of_the_support() -> None:
    private = [(task, entry) for task, entry in entries() if entry.private]
    assert len(private) > 20
    assert all(ROLE[task.project, entry.author] == "support" for task, entry in private)


def test_closed_tasks_and_only_they_have_a_closing_moment() -> None:
    for task in TASKS:
        closings = [it.at for it in task.history if "status" in it.changes and it.changes["status"][1] in CLOSED]
        assert (task.closed is not None) == (task.status in CLOSED)
        assert task.closed is None or task.closed == closings[-1] == task.updated


@pytest.mark.parametrize("now", SEVERAL_NOWS)
def test_dates_and_progress_make_sense(now: datetime) -> None:
    done = {"new": {0}, "rejected": {0}, "resolved": {100}, "closed": {100}}
    for task, row in zip(TASKS, stored(now)[tables.Task], strict=True):
        created, start, due = row["created_at"].astimezone(ZONE).date(), row["start_date"], row["due_date"]
        assert task.done_ratio in done.get(task.status, set(range(0, 81, 10)))
        assert start is None or start >= created
        assert due is None or due >= (start or created) and due.weekday() < 5


@pytest.mark.parametrize("now", SEVERAL_NOWS)
def test_a_few_open_tasks_are_overdue(now: datetime) -> None:
    due = [row["due_date"] for row in stored(now)[tables.Task] if row["due_date"] and not row["closed_at"]]
    assert len(due) > 20
    assert 3 <= sum(day < now.date() for day in due) <= 15


def test_shares_are_those_of_a_living_helpdesk() -> None:
    opened = [task for task in TASKS if task.status not in CLOSED]
    assert 140 <= len(opened) <= 160
    annas = Counter(task.status for task in opened if task.assignee == "anna")
    assert annas.total() >= 50
    assert set(annas) == set(keys("status")) - CLOSED
    assignees = Counter(task.assignee for task in TASKS)
    assert 110 <= assignees["anna"] <= 130
    assert 110 <= assignees["boris"] <= 130
    assert 50 <= sum(task.author == "irina" for task in TASKS) <= 70


def test_comments_are_up_to_eight_and_about_three() -> None:
    counts = [sum(bool(entry.notes) for entry in task.history) for task in TASKS]
    assert max(counts) <= 8
    assert 2.5 <= sum(counts) / len(counts) <= 3.5


def test_staff_name_the_colleague_they_register_for() -> None:
    name = re.compile(r"[А-ЯЁ][а-яё]+ [А-ЯЁ][а-яё]{2,}")
    registered = [task for task in TASKS if task.author != "irina" and task.number < 301]
    assert all(name.search(task.description) for task in registered)


def test_no_description_comes_twice_on_a_page() -> None:
    described = [task.description for task in TASKS if task.description]
    for start in range(len(described) - PAGE + 1):
        assert len(set(described[start : start + PAGE])) == PAGE


def test_texts_are_russian_and_well_formed() -> None:
    for text in (text for task in TASKS for text in texts(task)):
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        letters = [letter for letter in prose if letter.isalpha()]
        russian = sum("а" <= letter.lower() <= "я" or letter.lower() == "ё" for letter in letters)
        assert russian > 0.7 * len(letters), text
        assert not re.search(r"[{}]|  |\bNone\b| [,.]|\.\.|,,", prose), text
        assert text == text.strip()
        assert text[0].upper() == text[0]


def test_links_point_to_earlier_tasks() -> None:
    links = [(int(found), task) for task in TASKS for text in texts(task) for found in re.findall(r"#(\d+)", text)]
    assert len(links) > 20
    assert all(1 <= number < task.number for number, task in links)


def test_some_texts_are_long_and_some_hold_a_table_code_and_lists() -> None:
    descriptions = [task.description for task in TASKS]
    assert any(len(text) > 800 for text in descriptions)
    assert any("\n|---|" in text for text in descriptions)
    assert any("```" in text for text in descriptions)
    assert sum("\n- " in text or "\n1. " in text for text in descriptions) > 10


def test_addresses_are_of_nobody() -> None:
    assert all(email.endswith("@example.test") for email in keys("person", "email"))
    assert not any(re.search(r"https?:|@|\+7", text) for task in TASKS for text in texts(task))


def test_there_is_enough_of_everything_to_be_seen() -> None:
    for name in ("custom_values", "estimated_hours", "spent_hours", "watchers", "related"):
        assert 15 <= sum(bool(getattr(task, name)) for task in TASKS) <= 250, name
    filled = {name for task in TASKS for name in task.custom_values}
    assert filled == set(keys("custom_field", "name")) - {"Дата замены"}


def test_every_value_is_one_that_its_field_takes() -> None:
    fields = {it["name"]: it for it in WORLD["custom_field"]}
    for name, value in ((name, value) for task in TASKS for name, value in task.custom_values.items()):
        options = tuple(Option(each, each) for each in fields[name].get("options", ()))
        assert fault(CustomField(1, name, fields[name]["kind"], options), (value,)) is None


@pytest.mark.parametrize("now", SEVERAL_NOWS)
def test_time_is_spent_between_the_first_and_the_last_entry(now: datetime) -> None:
    own = {row["id"]: row for row in stored(now)[tables.Task]}
    for spent in stored(now)[tables.SpentTime]:
        task = own[spent["task_id"]]
        assert spent["person_id"] == task["assignee_id"]
        first, last = (task[name].astimezone(ZONE).date() for name in ("created_at", "updated_at"))
        assert first <= spent["spent_on"] <= last


def test_related_tasks_are_those_that_public_texts_name() -> None:
    for task in TASKS:
        public = [task.description, *(entry.notes for entry in task.history if not entry.private)]
        assert set(task.related) == {int(found) for text in public for found in re.findall(r"#(\d+)", text)}


def test_one_task_has_subtasks_in_its_project_of_which_one_blocks_another() -> None:
    subtasks = [task for task in TASKS if task.parent]
    (whole,) = {task.parent for task in subtasks}
    assert len(subtasks) > 2 and {task.project for task in subtasks} == {TASKS[(whole or 0) - 1].project}
    assert [task.number for task in subtasks if task.blocks] == [302]
    assert {number for task in subtasks for number in task.blocks} < {task.number for task in subtasks}


def test_a_store_of_the_demo_holds_everything(tmp_path: Path) -> None:
    store = Database(f"sqlite:///{tmp_path}/demo.db")
    schema.migrate(store, "demo")
    assert store.run_here(lambda session: load(session, NOW), writes=True)

    def count(session: Session, table: type[SQLModel]) -> int:
        return session.exec(select(func.count()).select_from(table)).one()

    for table, rows in stored(NOW).items():
        own = store.run_here(lambda session, table=table: count(session, table)) - OF_QUALITY.get(table, 0)
        assert own == len(rows) > 0
    numbers = store.run_here(lambda db: db.exec(select(tables.Task.id).where(col(tables.Task.parent_id) == 301)).all())
    assert list(numbers) == [302, 303, 304, 305]
    people = store.run_here(lambda db: db.exec(select(tables.Person.login).order_by(col(tables.Person.id))).all())
    assert list(people) == [*keys("person", "login"), "kolya"]
    assert store.run_here(lambda session: count(session, tables.ReplyTemplate)) == len(WORLD["reply"])
    store.close()


@pytest.mark.parametrize("now", SEVERAL_NOWS)
def test_calls_are_of_working_time_and_of_the_past(now: datetime) -> None:
    names = {it["login"]: it["full_name"] for it in WORLD["person"]}
    ids = {"assignee": {login: place for place, login in enumerate(names, start=1)}}
    (_, agents), (_, calls) = call_rows(WORLD["agent"], WORLD["call"], names, ids, now)
    assert len(agents) == 2 and 35 <= len(calls) <= 50
    assert [row["began_at"] for row in calls] == sorted(row["began_at"] for row in calls)
    for row in calls:
        assert row["began_at"].astimezone(ZONE).weekday() < 5 and 9 <= row["began_at"].astimezone(ZONE).hour < 18
        assert row["began_at"] < row["ended_at"] < now + timedelta(minutes=1) and (row["task_id"] or 1) <= len(TASKS)
        assert (row["answered_at"] is not None) == (row["outcome"] in ("answered", "transferred"))
    assert {row["outcome"] for row in calls} == {"answered", "missed", "no_answer", "transferred"}
    assert {row["direction"] for row in calls} == {"in", "out"}


def test_working_time_skips_nights_and_weekends() -> None:
    monday = datetime(2026, 5, 4, 6, 30, tzinfo=UTC)  # half past nine where the company is
    assert ago(monday, 30) == datetime(2026, 5, 4, 6, 0, tzinfo=UTC)
    assert ago(monday, 31) == datetime(2026, 5, 1, 14, 59, tzinfo=UTC)
    assert workday(monday.date(), -6) == datetime(2026, 4, 24).date()
    assert workday(datetime(2026, 5, 9).date(), 1) == datetime(2026, 5, 11).date()


def test_posts_are_read_by_their_audience_and_nobody_is_told_of_them(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'demo.db'}")
    schema.migrate(database, "demo")
    database.run_here(lambda db: load(db, NOW), writes=True)
    anna = Reader("", frozenset({WRITER}))
    rows, total = database.run_here(lambda db: posts.page(db, anna, NOW))
    assert total == len(WORLD["post"]) and {row.state(NOW) for row in rows} == {posts.PUBLISHED, posts.SCHEDULED}
    assert rows[0].is_pinned and any(row.is_important for row in rows)
    of_irina, _ = database.run_here(lambda db: posts.page(db, Reader(fold("Бухгалтерия")), NOW))
    of_nobody, _ = database.run_here(lambda db: posts.page(db, Reader(), NOW))
    assert len(of_nobody) < len(of_irina) < len(rows)
    waiting = database.run_here(lambda db: db.exec(select(Post.title).where(col(Post.announced_at).is_(None))).all())
    assert waiting == [row.title for row in rows if row.state(NOW) == posts.SCHEDULED]
    database.close()


def test_quality_control_has_requests_of_a_year_that_only_boris_and_the_administrator_see(tmp_path: Path) -> None:
    store = Database(f"sqlite:///{tmp_path}/demo.db")
    schema.migrate(store, "demo")
    store.run_here(lambda session: load(session, NOW), writes=True)

    def look(db: Session) -> tuple[set[str], list[tables.Task], set[str]]:
        project = db.exec(select(tables.Project).where(tables.Project.identifier == quality_requests.PROJECT)).one()
        member = select(tables.Person.login).join(tables.Membership).where(tables.Membership.project_id == project.id)
        tasks = db.exec(select(tables.Task).where(tables.Task.project_id == project.id)).all()
        assert project.members_only
        return set(db.exec(member)), list(tasks), {it.role for it in db.exec(select(QualityChoice))}

    members, tasks, chosen = store.run_here(look)
    assert members == {"admin", "boris"}
    assert chosen == {*quality_requests.KINDS, *quality_requests.FIELDS}
    assert len(tasks) == 60 and NOW - timedelta(days=370) < min(it.created_at for it in tasks)
    assert all(it.created_at <= it.updated_at <= NOW for it in tasks)
    assert {it.kind for it in quality_requests.requests()} == set(quality_requests.KINDS)
    assert {it.about for it in quality_requests.requests()} == set(quality_requests.OBJECTS)
    store.close()


def test_closed_tasks_of_others_were_assessed_some_of_them_twice(tmp_path: Path) -> None:
    store = Database(f"sqlite:///{tmp_path}/demo.db")
    schema.migrate(store, "demo")
    store.run_here(lambda session: load(session, NOW), writes=True)
    rows = store.run_here(lambda db: db.exec(select(Assessment)).all())
    assert len(rows) == 30 and len({it.task_id for it in rows}) == 26 and len({it.executor_id for it in rows}) == 3
    assert not any("Отличная" in it.remark and it.score < 80 for it in rows)
    assert all(it.executor_id != it.assessor_id and 0 < it.score <= 100 and it.assessed_at < NOW for it in rows)

    def reckoned(db: Session) -> dict[int, int | None]:
        marks = assessments.marks_of(db, [it.id or 0 for it in rows])
        return {it: score(Mark(mark.mark, mark.weight, mark.most) for mark in of) for it, of in marks.items()}

    assert store.run_here(reckoned) == {it.id: it.score for it in rows}
    store.close()


async def test_boris_sees_a_clock_in_each_state_and_one_task_that_was_reopened(tmp_path: Path) -> None:
    now = datetime(2026, 10, 14, 14, 0, tzinfo=UTC)  # long after the last holiday
    store = Database(f"sqlite:///{tmp_path}/demo.db")
    schema.migrate(store, "demo")
    store.run_here(lambda session: load(session, now), writes=True)
    boris = Actor(keys("person", "login").index("boris") + 1, "boris")

    async def all_statuses() -> tuple[Status, ...]:
        return await store.run(statuses)

    ranking = await Promises(store, EmbeddedReports(store), all_statuses, lambda: now).ranking(boris)
    assert {state for it in ranking.tasks for state in it.states} == {"running", "soon", "over", "paused"}
    reopened = [it.number for it in TASKS if any(old == "closed" for old, _ in changes(it, "status"))]
    assert reopened == [209]
    store.close()
