"""Which files came with which comment."""

from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.tasks.conversation import WITH_THE_TASK, files_by_entry
from helpdesk.tasks.model import Attachment, Choices, Entry, FieldChange, Priority, Ref, Status, Task, TaskRow

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def task_of(entries: dict[int, float], files: dict[int, float | None]) -> Task:
    """A task whose entries name `a.png`, and its files of that name; the times are minutes after noon."""
    row = TaskRow(
        1, "Принтер", Status(1, "new", False), Priority(1, "normal", 1), Ref(1, "help"), Ref(1, "bug"),
        None, None, None, NOON, NOON,
    )  # fmt: skip
    told = (FieldChange("attachment", None, "a.png"),)
    return Task(
        row, "", None, 0, None,
        tuple(Entry(number, None, NOON + timedelta(minutes=at), changes=told) for number, at in entries.items()),
        tuple(
            Attachment(number, "a.png", 1, "image/png", None, None if at is None else NOON + timedelta(minutes=at))
            for number, at in files.items()
        ),
        Choices(), "1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "files", "expected"),
    [
        ({1: 0, 2: 30}, {7: 30}, {2: [7]}),
        ({1: 0, 2: 30}, {7: 30, 8: 0}, {1: [8], 2: [7]}),
        ({1: 0, 2: 10}, {7: 9, 8: 12}, {1: [8], 2: [7]}),
        ({1: 2 * 24 * 60}, {7: 0}, {WITH_THE_TASK: [7]}),
        ({1: 30}, {7: 0}, {1: [7]}),
        ({1: 0}, {7: None, 8: 0}, {1: [8], WITH_THE_TASK: [7]}),
        ({1: 0}, {7: None}, {1: [7]}),
    ],
    ids=["first is gone", "any order", "nearest first", "came with the task", "sent before", "no time", "only by name"],
)
def test_a_file_stands_beside_the_nearest_entry_that_names_it(
    entries: dict[int, float], files: dict[int, float | None], expected: dict[int, list[int]]
) -> None:
    task = task_of(entries, files)
    found = files_by_entry(task.entries, task.attachments)
    assert {entry: [file.id for file in its] for entry, its in found.items() if its} == expected
