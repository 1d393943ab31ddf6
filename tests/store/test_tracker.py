"""The set-up of the embedded tracker in the store: its rules, and that nothing of two administrators is lost."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.store import board
from helpdesk.store.board import ColumnSettings
from helpdesk.store.database import Database
from helpdesk.store.models.tables import (
    AuditRecord,
    Change,
    CustomValue,
    Entry,
    Person,
    Project,
    Status,
    Task,
    Transition,
)
from helpdesk.store.tracker import custom_fields, edits, first_steps, projects, roles, vocabulary
from helpdesk.store.tracker.custom_fields import FieldRow
from helpdesk.store.tracker.projects import ProjectRow
from helpdesk.store.tracker.roles import RoleRow
from helpdesk.store.tracker.vocabulary import PRIORITIES, STATUSES, TYPES, Word
from helpdesk.tasks.creation import NewTask
from tests.world import FIELD_IDS, PEOPLE_IDS, PROJECT_IDS, STATUS_IDS, EmbeddedWorld

ADA, ANNA, STRANGER = (PEOPLE_IDS[login] for login in ("admin", "anna", "stranger"))
HELP, OFFICE = PROJECT_IDS["help"], PROJECT_IDS["office"]
SUPPORT, REQUESTER = 1, 2
Done = Callable[..., Any]


@pytest.fixture
def done(database: Database) -> Done:
    """`done(roles.remove, 2, ADA)` is what becomes of that in the store, in a transaction of its own."""
    return lambda work, *values: database.run_here(lambda db: work(db, *values), writes=True)


@pytest.fixture
def below(done: Done) -> ProjectRow:
    """A project below another one."""
    made: ProjectRow = done(projects.add, ProjectRow(0, "Печать", parent_id=HELP), ADA)
    return made


def records(database: Database) -> list[tuple[str, dict[str, Any]]]:
    found = database.run_here(lambda db: db.exec(select(AuditRecord).order_by(col(AuditRecord.id))).all())
    return [(it.action, json.loads(it.details)) for it in found if it.actor_id == ADA]


def why(error: pytest.ExceptionInfo[Invalid | Conflict]) -> str:
    """The only sentence of a refusal."""
    if isinstance(error.value, Invalid):
        return next(iter(error.value.fields.values()))[0].text
    return error.value.message.text


# Statuses, priorities, types


def test_exactly_one_status_is_the_default(done: Done) -> None:
    made = done(vocabulary.add, STATUSES, Word(0, "Проверка", 2, is_default=True), ADA, False)
    words = done(vocabulary.all_words, STATUSES)
    assert [it.id for it in words if it.is_default] == [made.id]
    assert [it.position for it in words] == list(range(1, 8)) and words[1] == made
    with pytest.raises(Invalid) as refused:
        done(vocabulary.change, STATUSES, made._replace(is_default=False), None, ADA)
    assert list(refused.value.fields) == ["is_default"]
    done(vocabulary.change, STATUSES, words[0]._replace(is_default=True), None, ADA)
    assert [it.id for it in done(vocabulary.all_words, STATUSES) if it.is_default] == [words[0].id]


def test_a_word_that_is_used_stays_and_says_by_how_many(done: Done, embedded: EmbeddedWorld) -> None:
    embedded.new_task(status="waiting")
    for part, number, needed in (
        (STATUSES, STATUS_IDS["waiting"], vocabulary.OF_TASKS.text),
        (STATUSES, STATUS_IDS["new"], vocabulary.NEEDS_DEFAULT.text),
        (PRIORITIES, 2, vocabulary.NEEDS_DEFAULT.text),
        (TYPES, 1, vocabulary.OF_TASKS.text),
    ):
        with pytest.raises(Conflict) as refused:
            done(vocabulary.remove, part, number, ADA)
        assert why(refused) == needed and refused.value.message.values in ({}, {"count": 1})
    done(vocabulary.remove, TYPES, 2, ADA)
    embedded.database.run_here(lambda db: db.execute(sa.delete(Task)), writes=True)
    with pytest.raises(Conflict) as refused:
        done(vocabulary.remove, TYPES, 1, ADA)
    assert why(refused) == vocabulary.LAST.text


def test_an_id_is_never_given_again_since_histories_name_it(database: Database, done: Done) -> None:
    last = STATUS_IDS["rejected"]
    done(board.save_columns, {last: ColumnSettings("waiting", 3)})
    done(vocabulary.remove, STATUSES, last, ADA)
    assert done(vocabulary.add, STATUSES, Word(0, "Отложена", 1), ADA).id == last + 1
    assert last not in done(board.columns)
    moves = database.run_here(lambda db: db.exec(select(Transition.old_status_id, Transition.new_status_id)).all())
    assert last not in {number for move in moves for number in move}
    made = done(roles.add, RoleRow(0, "Гость"), ADA).id
    done(roles.remove, made, ADA)
    assert done(roles.add, RoleRow(0, "Гость"), ADA).id == made + 1


def test_a_status_that_closes_tells_when_its_tasks_were_closed(done: Done, embedded: EmbeddedWorld) -> None:
    number = embedded.new_task(status="resolved")
    resolved = done(vocabulary.one, STATUSES, STATUS_IDS["resolved"])

    def closed_at() -> Any:
        return embedded.database.run_here(lambda db: db.get_one(Task, number).closed_at)

    done(vocabulary.change, STATUSES, resolved._replace(is_closed=True), None, ADA)
    assert closed_at() is not None
    done(vocabulary.change, STATUSES, resolved, None, ADA)
    assert closed_at() is None


def test_a_task_that_went_through_a_status_that_closes_now_was_closed_then(done: Done, embedded: EmbeddedWorld) -> None:
    number, began = embedded.new_task(status="resolved"), datetime(2026, 8, 20, 10, tzinfo=UTC)
    steps = ("in_progress", "resolved", "closed", "new", "resolved", "closed")
    numbers = [STATUS_IDS[it] for it in ("new", *steps)]

    def live(db: Session) -> None:
        task = db.get_one(Task, number)
        task.status_id, task.created_at, task.closed_at = STATUS_IDS["closed"], began, began + timedelta(days=6)
        for day, (old, new) in enumerate(pairwise(numbers), start=1):
            at = began + timedelta(days=day)
            entry = Entry(task_id=number, author_id=ADA, created_at=at)
            db.add(entry)
            db.flush()
            db.add(Change(entry_id=entry.id, field="status", old_value=str(old), new_value=str(new)))

    def closed_on() -> int:
        at = embedded.database.run_here(lambda db: db.get_one(Task, number).closed_at)
        assert at
        return (at - began).days

    embedded.database.run_here(live, writes=True)
    resolved = done(vocabulary.one, STATUSES, STATUS_IDS["resolved"])
    for is_closed, day in ((True, 5), (False, 6)):
        done(vocabulary.change, STATUSES, resolved._replace(is_closed=is_closed), None, ADA)
        assert closed_on() == day


async def test_no_task_is_closed_as_it_is_made(done: Done, embedded: EmbeddedWorld) -> None:
    for wanted in (Word(0, "Конец", 1, is_default=True, is_closed=True), Word(0, "new", 1, is_closed=True)):
        with pytest.raises(Invalid) as refused:
            if wanted.is_default:
                done(vocabulary.add, STATUSES, wanted, ADA)
            else:
                done(vocabulary.change, STATUSES, wanted._replace(id=STATUS_IDS["new"], is_default=True), None, ADA)
        assert why(refused) == vocabulary.BEGINS_CLOSED.text
    done(lambda db: db.execute(sa.update(Status).where(col(Status.is_default)).values(is_closed=True)))
    task = await embedded.backend.create(embedded.actor("anna"), NewTask(HELP, "Из прежних времён"))
    assert task.closed_on is not None


def test_a_name_is_taken_whatever_its_case_and_there_is_an_end_of_words(done: Done) -> None:
    with pytest.raises(Invalid) as refused:
        done(vocabulary.add, PRIORITIES, Word(0, "NORMAL", 1), ADA)
    assert why(refused) == edits.TAKEN.text
    for number in range(vocabulary.MOST - 4):
        done(vocabulary.add, PRIORITIES, Word(0, f"p{number}", 1), ADA)
    with pytest.raises(Invalid) as refused:
        done(vocabulary.add, PRIORITIES, Word(0, "one too many", 1), ADA)
    assert why(refused) == edits.TOO_MANY.text


# Two at once


def test_what_one_has_written_is_not_overwritten_by_who_had_not_seen_it(database: Database, done: Done) -> None:
    seen = done(vocabulary.one, STATUSES, STATUS_IDS["waiting"])
    mark = edits.mark_of(seen._asdict())
    done(vocabulary.change, STATUSES, seen._replace(name="Ждём"), mark, ADA)
    with pytest.raises(Conflict) as refused:
        done(vocabulary.change, STATUSES, seen._replace(name="Пауза"), mark, ANNA)
    assert refused.value.current["name"] == "Ждём"  # type: ignore[index]  # a mapping
    assert done(vocabulary.one, STATUSES, seen.id).name == "Ждём"
    changed = {"what": "status", "id": seen.id, "name": "Ждём", "changes": ["name: waiting → Ждём"]}
    assert records(database) == [("tracker_change", changed)]


def test_a_workflow_and_the_roles_of_a_member_are_not_overwritten_either(done: Done) -> None:
    moves = done(roles.transitions, SUPPORT)
    done(roles.save_transitions, SUPPORT, moves - {(2, 3)}, roles.mark_of(moves), ADA)
    with pytest.raises(Conflict):
        done(roles.save_transitions, SUPPORT, moves, roles.mark_of(moves), ANNA)
    mark = edits.mark_of(done(projects.member, HELP, ANNA)._asdict())
    done(projects.set_roles, HELP, ANNA, [SUPPORT, REQUESTER], mark, ADA)
    with pytest.raises(Conflict):
        done(projects.set_roles, HELP, ANNA, [], mark, ANNA)
    assert done(projects.member, HELP, ANNA).role_ids == (SUPPORT, REQUESTER)


# Projects


def test_no_project_is_above_itself(done: Done, below: ProjectRow) -> None:
    lower = done(projects.add, ProjectRow(0, "Картриджи", parent_id=below.id), ADA)
    above = done(projects.one, HELP)
    for parent in (HELP, below.id, lower.id, 10**6):
        with pytest.raises(Invalid) as refused:
            done(projects.change, above._replace(parent_id=parent), None, ADA)
        assert why(refused) == projects.NO_PARENT.text
    done(projects.change, lower._replace(parent_id=None), None, ADA)
    assert done(projects.change, above._replace(parent_id=lower.id), None, ADA).parent_id == lower.id


@pytest.mark.parametrize("identifier", ["a b", "UP", "кириллица", "12", "x" * 101, "help", "a\n"])
def test_an_identifier_is_sound_and_its_own(done: Done, identifier: str) -> None:
    with pytest.raises(Invalid) as refused:
        done(projects.add, ProjectRow(0, "Проект", identifier), ADA)
    assert list(refused.value.fields) == ["identifier"]


def test_a_project_without_an_identifier_gets_one(done: Done) -> None:
    names = ("IT & печать", "Help", "Склад", "Склад", "2026")
    made = [done(projects.add, ProjectRow(0, name), ADA).identifier for name in names]
    assert made == ["it", "help-2", "project", "project-2", "project-3"]


def test_an_archive_takes_what_is_below_and_gives_it_back_whole(done: Done, below: ProjectRow) -> None:
    before = done(projects.members, HELP)
    assert done(projects.archive, HELP, True, ADA).is_archived and done(projects.one, below.id).is_archived
    for work, values in (
        (projects.archive, (below.id, False, ADA)),
        (projects.change, (below._replace(name="x"), None, ADA)),
        (projects.set_roles, (HELP, STRANGER, [SUPPORT], None, ADA)),
    ):
        with pytest.raises(Conflict):
            done(work, *values)
    with pytest.raises(Invalid):
        done(projects.add, ProjectRow(0, "Новый", parent_id=HELP), ADA)
    done(projects.archive, HELP, False, ADA)
    assert done(projects.one, below.id) == below and done(projects.members, HELP) == before


def test_members_are_active_people_with_known_roles(database: Database, done: Done) -> None:
    done(lambda db: db.execute(sa.update(Person).where(col(Person.login) == "stranger").values(is_active=False)))
    for role_id, field in ((99, "role_id"), (SUPPORT, "person_id")):
        person_id = ANNA if field == "role_id" else STRANGER
        with pytest.raises(Invalid) as refused:
            done(projects.set_roles, HELP, person_id, [role_id], None, ADA)
        assert list(refused.value.fields) == [field]
    with pytest.raises(NotFound):
        done(projects.set_roles, HELP, 10**6, [SUPPORT], None, ADA)
    done(projects.set_roles, HELP, ANNA, [], None, ADA)
    assert ANNA not in {it.id for it in done(projects.members, HELP)}
    left = {"what": "project", "id": HELP, "name": "help", "roles": ["support", ""]}
    assert records(database) == [("tracker_members", left)]


def test_people_are_found_by_every_word_and_signs_mean_themselves(done: Done) -> None:
    assert [it.login for it in done(projects.find_people, "BORIS example")] == ["boris"]
    assert done(projects.find_people, "%") == done(projects.find_people, "_") == []
    assert len(done(projects.find_people, "", 3)) == 3


# Roles and the workflow


def test_a_role_that_somebody_has_stays(done: Done) -> None:
    everybody = done(roles.add, RoleRow(0, "Все", ("create",), for_everybody=True), ADA)
    for role_id, text in ((SUPPORT, roles.OF_MEMBERS.text), (everybody.id, roles.FOR_EVERYBODY.text)):
        with pytest.raises(Conflict) as refused:
            done(roles.remove, role_id, ADA)
        assert why(refused) == text
    with pytest.raises(Invalid):
        done(roles.change, everybody._replace(permissions=("create", "fly")), None, ADA)


def test_the_last_role_stays_for_without_one_nobody_sees_anything(done: Done) -> None:
    for person in done(projects.members, HELP):
        for project in PROJECT_IDS.values():
            done(projects.set_roles, project, person.id, [], None, ADA)
    done(roles.remove, SUPPORT, ADA)
    with pytest.raises(Conflict) as refused:
        done(roles.remove, REQUESTER, ADA)
    assert why(refused) == roles.LAST.text


def test_a_workflow_leads_between_known_statuses_alone(database: Database, done: Done) -> None:
    with pytest.raises(Invalid):
        done(roles.save_transitions, REQUESTER, [(1, 2), (1, 99)], None, ADA)
    with pytest.raises(NotFound):
        done(roles.save_transitions, 99, [(1, 2)], None, ADA)
    assert done(roles.save_transitions, REQUESTER, [(1, 2), (1, 1)], None, ADA) == {(1, 2)}
    assert done(roles.save_transitions, REQUESTER, [(1, 2)], None, ADA) == {(1, 2)}
    assert [action for action, _ in records(database)] == ["tracker_workflow"]
    assert records(database)[0][1]["added"] == ["new → in_progress"]


def test_the_record_of_a_large_workflow_is_short(database: Database, done: Done) -> None:
    numbers = [done(vocabulary.add, STATUSES, Word(0, "ш" * 90 + str(it), 1), ADA).id for it in range(24)]
    done(roles.save_transitions, REQUESTER, set(permutations(numbers, 2)), None, ADA)
    added = records(database)[-1][1]["added"]
    assert len(added) == roles.MOST_RECORDED + 1 and added[-1] == f"… +{24 * 23 - roles.MOST_RECORDED}"


# First steps


def test_staff_are_added_to_all_projects_by_a_few_statements(
    database: Database, done: Done, statements: list[str]
) -> None:
    done(lambda db: db.add_all(Project(identifier=f"p{number}", name="Проект") for number in range(100)))
    done(projects.set_roles, HELP, STRANGER, [REQUESTER], None, ADA)
    statements.clear()
    done(first_steps.add_staff, [ANNA, STRANGER], ADA)
    assert done(first_steps.progress).people and len(statements) < 30
    assert STRANGER in done(first_steps.staff)
    for project in done(projects.all_projects):
        assert SUPPORT in done(projects.member, project.id, STRANGER).role_ids
    assert done(projects.member, HELP, STRANGER).role_ids == (SUPPORT, REQUESTER)
    told = {"what": "role", "id": SUPPORT, "name": "support", "count": len(done(projects.all_projects))}
    assert records(database)[-1] == ("tracker_members", told)


def test_nobody_who_is_gone_is_added(done: Done) -> None:
    done(lambda db: db.execute(sa.update(Person).where(col(Person.id) == STRANGER).values(is_active=False)))
    with pytest.raises(Invalid):
        done(first_steps.add_staff, [ANNA, STRANGER], ADA)
    with pytest.raises(NotFound):
        done(first_steps.add_staff, [10**6], ADA)


# Custom fields


def test_a_field_with_values_keeps_its_kind_and_stays(done: Done, embedded: EmbeddedWorld) -> None:
    number, field_id = embedded.new_task(), FIELD_IDS["Кабинет"]
    done(lambda db: db.add(CustomValue(task_id=number, field_id=field_id, place=0, value="12")))
    field = done(custom_fields.one, field_id)
    with pytest.raises(Invalid) as refused:
        done(custom_fields.change, field._replace(kind="integer"), None, ADA)
    assert list(refused.value.fields) == ["kind"]
    with pytest.raises(Conflict):
        done(custom_fields.remove, field_id, ADA)
    assert done(custom_fields.change, field._replace(name="Комната", position=3), None, ADA).name == "Комната"
    assert [it.id for it in done(custom_fields.all_fields)][2] == field_id


def test_a_field_is_of_a_known_project_and_type(done: Done) -> None:
    wanted = FieldRow(0, "Этаж", "list", options=("1", "2"), default=("1",), project_id=HELP, type_id=2)
    made = done(custom_fields.add, wanted, ADA)
    assert made == wanted._replace(id=made.id, position=6)
    for column in ("project_id", "type_id"):
        with pytest.raises(Invalid) as refused:
            done(custom_fields.change, made._replace(**{column: 99}), None, ADA)
        assert list(refused.value.fields) == [column]


def test_a_type_that_a_field_is_for_stays(done: Done) -> None:
    done(custom_fields.add, FieldRow(0, "Этаж", type_id=2), ADA)
    with pytest.raises(Conflict) as refused:
        done(vocabulary.remove, TYPES, 2, ADA)
    assert why(refused) == vocabulary.OF_FIELDS.text


def test_tasks_need_a_status_a_priority_and_a_type(done: Done) -> None:
    def emptied(db: Session) -> bool:
        db.execute(sa.delete(CustomValue))
        db.execute(sa.delete(vocabulary.Priority))
        return vocabulary.is_complete(db)

    assert done(vocabulary.is_complete) and not done(emptied)
