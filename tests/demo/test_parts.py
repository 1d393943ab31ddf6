"""What hangs on the demo's tasks: the same in every run, consistent with the story, and enough to be seen."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, func, select

from helpdesk.demo import undertaking
from helpdesk.demo.load import load
from helpdesk.demo.parts import of_task
from helpdesk.demo.story import tell
from helpdesk.demo.world import CUSTOM_FIELDS, PROJECTS, STATUSES
from helpdesk.store import schema, tables
from helpdesk.store.database import Database
from helpdesk.tasks.embedded.tracker import EmbeddedTracker
from helpdesk.tasks.fields import CustomField, Option, fault
from helpdesk.tasks.model import Actor

NOW = datetime(2026, 5, 6, 14, 0, tzinfo=UTC)
STORY = tell(NOW)
PARTS = [of_task(number, task) for number, task in enumerate(STORY, start=1)]


def test_two_runs_tell_the_same_but_for_days() -> None:
    later = [of_task(number, task) for number, task in enumerate(tell(NOW + timedelta(days=3)), start=1)]
    for one, other in zip(PARTS, later, strict=True):
        assert one._replace(spent=()) == other._replace(spent=())


def test_there_is_enough_of_everything_to_be_seen() -> None:
    for name in ("custom", "estimated", "spent", "watchers", "related"):
        assert 15 <= sum(bool(getattr(parts, name)) for parts in PARTS) <= 250, name
    told = {name for parts in PARTS for name, _ in parts.custom}
    assert told == {field.name for field in CUSTOM_FIELDS} - {"Дата замены"}


def test_every_value_is_one_that_its_field_takes() -> None:
    fields = {it.name: it for it in CUSTOM_FIELDS}
    for parts in PARTS:
        for name, value in parts.custom:
            it = fields[name]
            options = tuple(Option(each, each) for each in it.options)
            assert fault(CustomField(1, name, it.kind, options), (value,)) is None


def test_only_who_works_on_a_task_spends_time_on_it() -> None:
    for task, parts in zip(STORY, PARTS, strict=True):
        for spent in parts.spent:
            assert spent.login == task.assignee and task.created_at.date() <= spent.on <= task.updated_at.date()


def test_the_bigger_thing_is_of_one_project_and_happened_before_now() -> None:
    whole, subtasks = undertaking.tell(NOW)
    assert len(subtasks) > 2 and {it.project for it in subtasks} == {whole.project} <= {it.key for it in PROJECTS}
    for task in (whole, *subtasks):
        assert task.status in {it.key for it in STATUSES} and task.created_at <= task.updated_at < NOW
        assert task.start_date and task.due_date and task.start_date <= task.due_date


async def test_a_newcomer_sees_them(tmp_path: Path) -> None:
    fresh = Database(f"sqlite:///{tmp_path}/demo.db")
    schema.migrate(fresh, "demo")
    fresh.run_here(lambda session: load(session, NOW), writes=True)

    def ids(session: Session) -> tuple[int, int]:
        anna = session.exec(select(tables.Person.id).where(tables.Person.login == "anna")).one()
        return anna or 0, session.exec(select(func.min(tables.Task.parent_id))).one() or 0

    anna, whole = fresh.run_here(ids)
    task = await EmbeddedTracker(fresh).task(Actor(anna, "anna"), whole)
    assert len(task.children) == 4 and len(task.custom) == len(CUSTOM_FIELDS)
    part = await EmbeddedTracker(fresh).task(Actor(anna, "anna"), whole + 1)
    assert part.parent and [relation.kind for relation in part.relations] == ["blocks"]
    shared = fresh.run_here(lambda session: session.exec(select(tables.ReplyTemplate.person_id)).all())
    assert len(shared) == 3 and set(shared) == {None}
    fresh.close()
