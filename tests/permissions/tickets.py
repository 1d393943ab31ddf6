"""Tasks of a random world: their tree, their custom values and how they stand to each other."""

from collections import defaultdict
from datetime import timedelta

from tests.permissions.companies import groups, people
from tests.permissions.drawing import START, Drawing, Row

LISTS = {
    "string": ("north", "south"), "link": ("https://example.test/",), "text": ("a longer\r\ntext",), "int": ("7",),
    "list": ("red", "green"), "bool": ("0", "1"), "float": ("1.5",), "date": ("2026-09-09",),
}  # fmt: skip


def draw_tasks(d: Drawing) -> None:
    below: dict[int | None, list[Row]] = defaultdict(list)
    for place, id in enumerate(d.fresh("issues", d.dice.randint(60, 100))):
        parent = d.one(d.tables["issues"]) if place and d.chance(0.35) else None
        row = _task(d, id, place, parent)
        below[row["parent_id"]].append(row)
        _custom_values(d, row)
    for root in below[None]:
        _number(root, below, root["id"], 1)


def _task(d: Drawing, id: int, place: int, parent: Row | None) -> Row:
    project = parent["project_id"] if parent and d.chance(0.75) else d.one(d.ids("projects"))
    offered = [row["tracker_id"] for row in d.tables["projects_trackers"] if row["project_id"] == project]
    tracker = d.one(offered) if offered and d.chance(0.9) else d.one(d.ids("trackers"))
    status = d.one(d.tables["issue_statuses"])
    written = START + timedelta(hours=place, seconds=d.dice.randint(0, 1))
    return d.add(
        "issues", id=id, project_id=project, tracker_id=tracker, status_id=status["id"],
        priority_id=d.dice.randint(1, 5), subject=f"Task {id}", description=d.one(("", None, f"About {id}")),
        author_id=d.one(people(d)), assigned_to_id=_assignee(d), is_private=d.chance(0.25),
        parent_id=parent["id"] if parent else None, done_ratio=d.one((0, 20)), start_date=d.one((None, START.date())),
        due_date=d.one((None, START.date())), estimated_hours=d.one((None, 2.5)), created_on=written,
        updated_on=written + timedelta(minutes=d.dice.randint(0, 3)), lock_version=d.dice.randint(0, 5),
        closed_on=written if status["is_closed"] else None,
    )  # fmt: skip


def _assignee(d: Drawing) -> int | None:
    return None if d.chance(0.25) else d.one(groups(d)) if d.chance(0.3) else d.one(people(d))


def _number(task: Row, below: dict[int | None, list[Row]], root: int, place: int) -> int:
    """Gives a branch its places in the nested set of its root; the next free one."""
    task["root_id"], task["lft"] = root, place
    place += 1
    for child in below[task["id"]]:
        place = _number(child, below, root, place)
    task["rgt"] = place
    return place + 1


def _custom_values(d: Drawing, task: Row) -> None:
    """Also of fields that the task does not have any more: after a move Redmine leaves them where they are."""
    for field in d.tables["custom_fields"]:
        if field["type"] != "IssueCustomField" or d.chance(0.4):
            continue
        values = LISTS.get(field["field_format"]) or [str(id) for id in people(d)]
        several = d.few(values, 1, 2) if field["multiple"] else [d.one((*values, ""))]
        for value in several:
            d.add("custom_values", customized_type="Issue", customized_id=task["id"], custom_field_id=field["id"],
                  value=value)  # fmt: skip


def draw_relations(d: Drawing) -> None:
    """Half of them say that one blocks the other; some lead into other projects."""
    known = set()
    for _ in range(45):
        first, second = d.few(d.ids("issues"), 2, 2)
        kind = d.one(("blocks", "blocks", "relates", "duplicates", "copied_to"))
        if (first, second) in known or (second, first) in known:
            continue
        known.add((first, second))
        d.add("issue_relations", issue_from_id=first, issue_to_id=second, relation_type=kind)
