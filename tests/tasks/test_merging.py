"""Which of what others wrote conflicts with an edit, and what a history tells since a version. Pure."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import Conflict
from helpdesk.languages import say
from helpdesk.tasks import change_messages
from helpdesk.tasks.checks import history_names, overlapping, require_apart
from helpdesk.tasks.embedded import update as embedded
from helpdesk.tasks.fields import CustomField, CustomValue
from helpdesk.tasks.model import (
    Actor,
    Choices,
    Edit,
    Entry,
    FieldChange,
    Member,
    Priority,
    Ref,
    Status,
    Task,
    TaskRow,
    Written,
)
from helpdesk.tasks.redmine.rest import lock_version as redmine
from helpdesk.tasks.redmine.rest import payloads

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ROW = TaskRow(7, "Стул", Status(1, "New"), Priority(1, "Low"), Ref(1, "P"), Ref(1, "T"), None, None, None, NOW, NOW)
TASK = Task(ROW, "", None, 0, None, (), (), Choices(), "1", custom=(CustomValue(CustomField(5, "Room")),))
FIELDS = {
    "status_id": (Edit({"status": 2}), FieldChange("status", "New", "Done")),
    "assignee_id": (Edit({"assignee": None}), FieldChange("assignee", "A", None)),
    "subject": (Edit(details={"subject": "x"}), FieldChange("subject", "a", "b")),
    "parent_id": (Edit(details={"parent": 3}), FieldChange("parent_id", None, "#3")),
    "description": (Edit(details={"description": "x"}), FieldChange("description", None, None)),
    "cf_5": (Edit(custom={5: ("1",)}), FieldChange("custom_field", "1", "2", "Room")),
}
OTHERS = (FieldChange("attachment", None, "a.txt"), FieldChange("custom_field", "1", "2", "Floor"))


def entry(number: int, *changes: FieldChange, after: int = 0, private: bool = False, notes: str = "") -> Entry:
    return Entry(number, Member(2, "Boris"), NOW + timedelta(seconds=after), notes, private, changes)


def whole(names: list[str]) -> Edit:
    edits = [FIELDS[name][0] for name in names]
    return Edit(
        {field: value for each in edits for field, value in each.changes.items()},
        details={detail: value for each in edits for detail, value in each.details.items()},
        custom={number: value for each in edits for number, value in each.custom.items()},
        version="0",
    )


@given(st.sets(st.sampled_from(sorted(FIELDS))), st.lists(st.sampled_from(sorted(FIELDS)), unique=True))
def test_a_conflict_names_just_the_fields_that_both_changed(mine: set[str], theirs: list[str]) -> None:
    newer = [entry(number, FIELDS[name][1], *OTHERS) for number, name in enumerate(theirs, 1)]
    edit = whole(sorted(mine))
    assert set(history_names(TASK, edit).values()) == mine
    both = [name for name in theirs if name in mine]
    assert [it.name for it in overlapping(TASK, edit, newer)] == both
    if not both:
        require_apart(TASK, edit, lambda task, version: newer)
        return
    with pytest.raises(Conflict) as conflict:
        require_apart(TASK, edit, lambda task, version: newer)
    assert [it.name for it in conflict.value.theirs] == both
    says = say("en", change_messages.conflict(conflict.value.theirs))
    assert says.startswith(say("en", Conflict.default)) and says.count("(Boris)") == len(both)


def test_a_custom_field_that_went_with_its_tracker_conflicts_with_that_change() -> None:
    moved = entry(9, FieldChange("tracker", "T", "U"))
    (it,) = overlapping(TASK, Edit(custom={6: ("x",)}), [moved])
    assert (it.name, it.change.field) == ("cf_6", "tracker")
    assert overlapping(TASK, Edit(custom={5: ("x",)}), [moved]) == []


@given(st.lists(st.sampled_from(["public", "private", "changed"]), max_size=8), st.integers(0, 8))
def test_an_embedded_history_tells_what_each_version_brought(kinds: list[str], seen: int) -> None:
    made = {
        "public": entry(0, notes="x"),
        "private": entry(0, private=True, notes="x"),
        "changed": entry(0, FIELDS["subject"][1]),
    }
    entries = tuple(made[kind]._replace(id=number) for number, kind in enumerate(kinds, 1))
    known = entries[:seen]

    def version(history: tuple[Entry, ...]) -> str:
        return str(3 + sum(bool(it.changes) or not it.private for it in history))

    task = TASK._replace(entries=entries, version=version(entries))
    newer = [it for it in entries[seen:] if it.changes or not it.private]
    assert list(embedded.entries_since(task, version(known)) or ()) == newer


@pytest.mark.parametrize("version", ["", "0", "-1", "99", "x", "1.5", "1" * 30, "١"])
def test_a_text_that_is_no_version_of_an_embedded_task_reports_no_changes(version: str) -> None:
    assert embedded.entries_since(TASK._replace(version="4", entries=(entry(1, notes="x"),)), version) is None


STATUS, ROOM = FIELDS["status_id"][1], FIELDS["cf_5"][1]
BASE = "2026-11-20T09:30:00Z.8"
HISTORIES: dict[str, tuple[str, int, str, tuple[Entry, ...], list[int] | None]] = {
    "a change": (BASE, 5, ".9", (entry(8), entry(9, STATUS, after=5)), [8, 9]),
    "a comment in the very second": (BASE, 0, ".9", (entry(8), entry(9, notes="x")), [8, 9]),
    "a history that was younger than its fields": (
        BASE,
        9,
        ".9",
        (entry(7), entry(8, STATUS, after=5), entry(9, notes="x", after=9)),
        [7, 8, 9],
    ),
    "the last change that the page showed took a second": (
        f"{BASE}.1",
        9,
        ".9.2",
        (entry(8, STATUS, after=1), entry(9, notes="x", after=9)),
        [9],
    ),
    "no entry at all": (BASE, 5, ".8", (entry(8),), None),
    "a change without an entry after one with": (BASE, 9, ".9", (entry(8), entry(9, STATUS, after=5)), None),
    "locks that the entries explain": (f"{BASE}.1", 5, ".9.4", (entry(8), entry(9, STATUS, ROOM, ROOM, after=5)), [9]),
    "a lock that no entry explains": (f"{BASE}.1", 5, ".9.3", (entry(8), entry(9, STATUS, after=5)), None),
    "entries that were taken away": ("2026-11-20T09:30:00Z.12", 5, ".9", (entry(8), entry(9, STATUS, after=5)), None),
    "no moment": ("Z.8", 5, ".9", (entry(9, STATUS, after=5),), None),
    "a moment that is none": ("2026-13-40T09:30:00Z.8", 5, ".9", (entry(9, STATUS, after=5),), None),
    "no version": ("4", 5, ".9", (entry(9, STATUS, after=5),), None),
    "a number as long as a page": (f"2026-11-20T09:30:00Z.{'9' * 180}", 5, ".9", (entry(9, after=5),), None),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_redmines_history_tells_what_came_since_a_version_or_that_it_does_not(name: str) -> None:
    version, after, rest, entries, told = HISTORIES[name]
    updated = NOW + timedelta(seconds=after)
    task = TASK._replace(row=ROW._replace(updated_on=updated), entries=entries)
    task = task._replace(version=f"{updated:%Y-%m-%dT%H:%M:%SZ}{rest}")
    found = redmine.since(task, version)
    assert (found if found is None else [it.id for it in found]) == told


def test_of_what_one_wrote_in_two_places_at_once_each_write_tells_its_own() -> None:
    mine = [entry(number, notes=text)._replace(author=Member(1, "Anna")) for number, text in ((3, "a"), (4, "b"))]
    written = Written(TASK, TASK._replace(entries=tuple(mine)), frozenset({3}))
    assert written.comment_of(1).notes == "a" and [it.id for it in written.own_entries(1)] == [3]
    assert [it.id for it in written._replace(entry_ids=None).own_entries(1)] == [3, 4]


@pytest.mark.parametrize(("held", "own"), [(2, [4]), (3, [3, 4])], ids=["mine came last", "mine was replaced"])
def test_a_change_is_done_although_its_author_made_another_in_the_same_moment(held: int, own: list[int]) -> None:
    both = [entry(number, FieldChange("status", "New", "x"))._replace(author=Member(1, "Anna")) for number in (3, 4)]
    after = TASK._replace(row=ROW._replace(status=Status(held, "x")), entries=tuple(both))
    written, edit, anna = Written(TASK, after), Edit({"status": 2}), Actor(1, "anna")
    assert payloads.made(written, edit, anna) == own
    payloads.require_changed(written._replace(entry_ids=frozenset(own[:1])), edit, anna)
