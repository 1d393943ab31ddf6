"""One task, one new task, as plain facts: from what Redmine's models say, and from what our tracker says."""

from collections.abc import Iterable
from typing import Any

from helpdesk.tasks.creation import NewTaskForm
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.model import Entry, Task
from tests.permissions.drawing import Row
from tests.permissions.worlds import World

Facts = dict[str, Any]

DETAILS = {
    "subject": "subject", "description": "description", "start_date": "start_date", "due_date": "due_date",
    "done_ratio": "done_ratio", "estimated_hours": "estimated_hours", "parent_issue_id": "parent",
    "is_private": "is_private",
}  # fmt: skip
OF_NEW = {"description", "start_date", "due_date", "estimated_hours", "parent", "is_private"}
CHANGED = {"status_id": "status", "priority_id": "priority", "assigned_to_id": "assignee", "tracker_id": "tracker",
           "project_id": "project"}  # fmt: skip


def task_of_redmine(world: World, number: int, told: Row) -> Facts:
    """What a task must look like to a person of whom Redmine says `told`."""
    row, safe = world.by_id("issues")[number], set(told["safe"])
    journals = world.by_id("journals")
    may_write = told["notes_addable"] or "custom_field_values" in safe
    details = _details(world, safe if may_write else safe - {"is_private"})
    return {
        "status": row["status_id"],
        "assignee": row["assigned_to_id"],
        "entries": [_journal(journals[journal["id"]], journal) for journal in told["journals"]],
        "attachments": told["attachments"],
        "relations": sorted(map(tuple, told["relations"])),
        "children": told["children"],
        "parent": told["parent"],
        "watchers": sorted(told["watchers"]),
        "watched": told["watched"],
        "spent": round(told["spent"], 2),
        "done ratio": told["done_ratio"],
        "custom values": {int(id): sorted(filter(None, values)) for id, values in told["custom"].items()},
        "may comment": told["notes_addable"],
        "may comment privately": told["notes_addable"] and told["private_notes"],
        "may attach": told["notes_addable"],
        "may delete": told["deletable"],
        "may choose statuses": told["statuses"] if "status_id" in safe else [],
        "may choose priorities": _priorities(world, safe),
        "may choose assignees": sorted(told["assignable"]) if "assigned_to_id" in safe else [],
        "may choose trackers": _others(told["trackers"], row["tracker_id"]) if "tracker_id" in safe else [],
        "may write details": details,
        "may write fields": _writable(world, told) if "custom_field_values" in safe else [],
        "must write details": _required(told, details | {"subject"}),
        "must write fields": _required_fields(world, told, told["custom"]),
    }


def task_of_ours(task: Task) -> Facts:
    may, row = task.choices, task.row
    return {
        "status": row.status.id,
        "assignee": row.assignee.id if row.assignee else None,
        "entries": [_entry(entry) for entry in task.entries],
        "attachments": [file.id for file in task.attachments],
        "relations": sorted((relation.kind, relation.other.id) for relation in task.relations),
        "children": [child.id for child in task.children],
        "parent": task.parent.id if task.parent else None,
        "watchers": sorted(watcher.id for watcher in task.watchers),
        "watched": task.watched,
        "spent": round(task.spent_hours, 2),
        "done ratio": task.done_ratio,
        "custom values": {
            held.field.id: sorted(each.replace("\n", "\r\n") for each in held.value) for held in task.custom
        },
        "may comment": may.may_comment,
        "may comment privately": may.may_comment_privately,
        "may attach": may.may_attach,
        "may delete": may.may_delete,
        "may choose statuses": [status.id for status in may.statuses],
        "may choose priorities": sorted(priority.id for priority in may.priorities),
        "may choose assignees": sorted(ref.id for ref in may.assignees),
        "may choose trackers": _others((ref.id for ref in may.trackers), row.tracker.id),
        "may write details": set(may.details) - {"tracker"},
        "may write fields": sorted(may.custom),
        "must write details": set(may.required) & (set(may.details) | {"subject"}),
        "must write fields": _marked(held.field for held in task.custom),
    }


def blank_of_redmine(world: World, told: Row) -> Facts:
    """What the form of a new task must offer; a first status is the one that Redmine's own form shows."""
    safe = set(told["safe"])
    details = _details(world, safe) & OF_NEW
    return {
        "first status": told["status"],
        "statuses": sorted(told["statuses"]),
        "priorities": _priorities(world, safe),
        "assignees": sorted(told["assignable"]) if "assigned_to_id" in safe else [],
        "trackers": sorted(told["trackers"]),
        "details": details,
        "required": _required(told, details | {"subject"}),
        "fields": _writable(world, told),
        "required fields": _required_fields(world, told, _writable(world, told)),
    }


def blank_of_ours(blank: NewTaskForm) -> Facts:
    return {
        "first status": blank.statuses[0].id if blank.statuses else None,
        "statuses": sorted(status.id for status in blank.statuses),
        "priorities": sorted(priority.id for priority in blank.priorities),
        "assignees": sorted(ref.id for ref in blank.assignees),
        "trackers": sorted(ref.id for ref in blank.trackers),
        "details": set(blank.details) & OF_NEW,
        "required": set(blank.required) & ((set(blank.details) & OF_NEW) | {"subject"}),
        "fields": sorted(field.id for field in blank.custom),
        "required fields": _marked(blank.custom),
    }


def _journal(row: Row, told: Row) -> tuple[object, ...]:
    notes = (row["notes"] or "").replace("\r\n", "\n")
    changes = sorted(_change(kind, name) for kind, name in told["details"])
    return (
        row["id"],
        row["user_id"],
        notes,
        bool(row["private_notes"]),
        changes,
        told["editable"] and bool(notes.strip()),
    )


def _change(kind: str, name: str) -> tuple[str, str]:
    if kind == "attr":
        return CHANGED.get(name, name), ""
    return ("custom_field", f"Field {name}") if kind == "cf" else (kind, "")


def _entry(entry: Entry) -> tuple[object, ...]:
    changes = sorted((change.field, change.label) for change in entry.changes)
    author = entry.author.id if entry.author else None
    return entry.id, author, entry.notes, entry.private, changes, entry.may_edit


def _others(trackers: Iterable[int], present: int) -> list[int]:
    return sorted(set(trackers) - {present})


def _details(world: World, safe: set[str]) -> set[str]:
    """The details that may be written. The progress that follows from statuses Redmine's form does not offer."""
    found = {ours for theirs, ours in DETAILS.items() if theirs in safe}
    follows = any(
        (row["name"], row["value"]) == ("issue_done_ratio", "issue_status") for row in world.tables["settings"]
    )
    return found - {"done_ratio"} if follows else found


def _priorities(world: World, safe: set[str]) -> list[int]:
    rows = world.tables["enumerations"]
    active = [row["id"] for row in rows if row["type"] == "IssuePriority" and row["active"]]
    return sorted(active) if "priority_id" in safe else []


def _writable(world: World, told: Row) -> list[int]:
    """Fields of people can only be shown by us."""
    fields = world.by_id("custom_fields")
    return sorted(id for id in told["editable_custom"] if fields[id]["field_format"] != "user")


def _required(told: Row, among: set[str]) -> set[str]:
    return {"subject"} | ({DETAILS[name] for name in told["required"] if name in DETAILS} & among)


def _required_fields(world: World, told: Row, shown: Iterable[Any]) -> list[int]:
    fields = world.by_id("custom_fields")
    return sorted(id for id in map(int, shown) if fields[id]["is_required"] or str(id) in told["required"])


def _marked(fields: Iterable[CustomField]) -> list[int]:
    return sorted(field.id for field in fields if field.required)
