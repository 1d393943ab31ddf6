"""What hangs on the tasks of a random world: comments and changes, files, watchers, hours."""

from datetime import timedelta

from tests.permissions.companies import groups, people
from tests.permissions.drawing import START, Drawing, Row

GONE = 999_999  # the id of what was deleted
ATTRIBUTES = ("status_id", "priority_id", "assigned_to_id", "tracker_id", "project_id", "subject", "description",
              "parent_id", "child_id", "is_private", "due_date", "done_ratio")  # fmt: skip


def draw_files(d: Drawing) -> None:
    for id in d.fresh("attachments", 40):
        kind, container = d.one((("Issue", d.ids("issues")), ("Issue", d.ids("issues")), ("Project", d.ids("projects")),
                                 (None, [None])))  # fmt: skip
        d.add(
            "attachments", id=id, container_type=kind, container_id=d.one(container), filename=f"file {id}.txt",
            disk_filename=f"{id}.txt", filesize=7, content_type="text/plain", author_id=d.one(people(d)),
            created_on=START, description="",
        )  # fmt: skip


def draw_journals(d: Drawing) -> None:
    """Private and public, empty but for what not everybody may see, and blank in Ruby's sense."""
    for task in d.tables["issues"]:
        for _ in range(d.dice.randint(0, 4)):
            id = d.fresh("journals", 1)[0]
            details = [_detail(d, task) for _ in range(d.one((0, 1, 1, 2, 3)))]
            notes = f"Note {id}" if not details else d.one((None, "", " \r\n\t", f"Note {id}"))
            d.add(
                "journals", id=id, journalized_type="Issue", journalized_id=task["id"], user_id=d.one(people(d)),
                notes=notes, private_notes=d.chance(0.3), created_on=START + timedelta(minutes=d.dice.randint(0, 9)),
            )  # fmt: skip
            for detail in details:
                d.add("journal_details", journal_id=id, **detail)


def _detail(d: Drawing, task: Row) -> Row:
    kind = d.one(("attr", "cf", "cf", "relation", "relation", "attachment"))
    if kind == "attr":
        return _sides(d, kind, d.one(ATTRIBUTES), "1", "2")
    if kind == "cf":
        fields = [row["id"] for row in d.tables["custom_fields"] if row["type"] == "IssueCustomField"]
        return _sides(d, kind, str(d.one([*fields, GONE])), "1", "0")
    if kind == "relation":
        other = str(d.one([*d.ids("issues"), GONE]))
        return _sides(d, kind, d.one(("relates", "blocks", "blocked")), *d.one(((None, other), (other, None))))
    name = str(d.one([*d.ids("attachments"), GONE]))
    return _sides(d, kind, name, *d.one(((None, "a.txt"), ("a.txt", None))))


def _sides(d: Drawing, kind: str, name: str, old: str | None, new: str | None) -> Row:
    return {"property": kind, "prop_key": name, "old_value": old, "value": new}


def draw_watchers(d: Drawing) -> None:
    for task in d.some(d.ids("issues"), 0.5):
        for principal in [*d.few(people(d), 0, 3), *d.few(groups(d), 0, 1)]:
            d.add("watchers", watchable_type="Issue", watchable_id=task, user_id=principal)


def draw_hours(d: Drawing) -> None:
    for task in d.some(d.tables["issues"], 0.5):
        for person in d.few(people(d), 1, 3):
            d.add(
                "time_entries", project_id=task["project_id"], issue_id=task["id"], user_id=person, author_id=person,
                hours=d.one((0.5, 1.25, 3)), activity_id=8, spent_on=START.date(), tyear=2026, tmonth=9, tweek=36,
                created_on=START, updated_on=START, comments="",
            )  # fmt: skip
