"""What hangs on the demo's tasks: the same in every run, consistent with the story, and enough to be seen."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session, col, func, select

from helpdesk.demo import undertaking
from helpdesk.demo.load import load
from helpdesk.demo.parts import of_task
from helpdesk.demo.story import tell
from helpdesk.demo.world import CUSTOM_FIELDS, PROJECTS, STATUSES
from helpdesk.store import schema, tables
from helpdesk.store.database import Database
from helpdesk.tasks.fields import CustomField, Option, fault

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


def test_a_store_of_the_demo_holds_them(tmp_path: Path) -> None:
    store = Database(f"sqlite:///{tmp_path}/demo.db")
    schema.migrate(store, "demo")
    store.run_here(lambda session: load(session, NOW), writes=True)

    def counts(session: Session) -> dict[str, int]:
        kinds = ("CustomValue", "Relation", "SpentTime", "Watcher", "ReplyTemplate")
        found = {kind: session.exec(select(func.count()).select_from(getattr(tables, kind))).one() for kind in kinds}
        whole = len(STORY) + 1
        parts = session.exec(select(func.count()).where(col(tables.Task.parent_id) == whole)).one()
        return {**found, "parts": parts}

    told = store.run_here(counts)
    assert told["parts"] == 4 and told["ReplyTemplate"] == 3
    assert told["CustomValue"] == sum(len(parts.custom) for parts in PARTS)
    assert told["Relation"] == sum(len(parts.related) for parts in PARTS) + 1
    store.close()
