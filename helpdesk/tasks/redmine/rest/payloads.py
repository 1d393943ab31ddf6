"""Makes the bodies of writes, and checks afterwards that they were done: Redmine answers 204 to what it ignores."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from helpdesk.errors import Invalid, NotAllowed, sentence
from helpdesk.redmine_client import JSON
from helpdesk.tasks.checks import changed, history_names, require_comment, require_new_text, wanted
from helpdesk.tasks.fields import Texts, Value, history_name
from helpdesk.tasks.files import GONE, Staged
from helpdesk.tasks.model import Actor, Edit, Entry, Task, Written
from helpdesk.tasks.redmine.rest import custom_fields, lock_version
from helpdesk.tasks.redmine.rest.json_mapper import plain
from helpdesk.texts import trimmed

ATTRIBUTES: dict[str, str] = {
    "status": "status_id",
    "priority": "priority_id",
    "assignee": "assigned_to_id",
    "tracker": "tracker_id",
    "parent": "parent_issue_id",
}
HOURS_APART = 0.005
SECOND = timedelta(seconds=1)
CLOCKS_APART = 2.0
TOKEN = re.compile(r"[0-9]{1,10}\.[0-9a-f]+")


def changing(before: Task, edit: Edit) -> JSON:
    """Return the body for an edit. Raises what `checks.wanted` raises.

    Fields go with the present lock where it is known, so that Redmine refuses when they were changed until then; a
    comment or a file needs none, for it overwrites nothing.
    """
    # The version may be of the same state as read in the other way.
    is_present = edit.version is not None and lock_version.same(edit.version, before.version)
    known = before.version if is_present else edit.version
    effective = wanted(before, edit._replace(version=known), lock_version.since)
    fields = {it.field.id: it.field for it in before.custom}
    body: JSON = {ATTRIBUTES[field]: plainly(value) for field, value in effective.changes.items()}
    body |= {ATTRIBUTES.get(detail, detail): plainly(value) for detail, value in effective.details.items()}
    if effective.custom:
        body["custom_fields"] = [
            custom_fields.written(fields[number], value) for number, value in effective.custom.items()
        ]
    lock = lock_version.lock(before.version, edit.version if is_present else None)
    if body and lock is not None:
        body["lock_version"] = lock
    if effective.files:
        body["uploads"] = uploads(effective.files)
    comment = trimmed(edit.comment)
    private = {"private_notes": True} if edit.private else {}
    return body | ({"notes": comment, **private} if comment else {})


def unsettled(task: Task, edit: Edit, now: datetime) -> float:
    """Return the seconds for which another's change could still escape the task's lock; 0 for an edit without risk.

    A change that only takes values from a field of several, in the second of the task's last change, moves neither
    `updated_on`, which is in whole seconds, nor `lock_version`: ActsAsCustomizable#save_custom_field_values touches the
    issue only for values that it saves, not for those that it deletes. Any other change moves the lock.
    """
    several = {it.field.id for it in task.custom if it.field.multiple}
    if lock_version.lock(task.version) is None or several.isdisjoint(changed(task, edit).custom):
        return 0
    seconds = (task.row.updated_on + SECOND - now).total_seconds()
    return seconds if 0 < seconds <= CLOCKS_APART else 0


def commenting(before: Task, text: str, private: bool) -> JSON:
    """Return the body for a comment. Raises NotAllowed before Redmine could make a private one public.

    Never with files: Redmine shows a private comment's to everybody (Journal#split_private_notes).
    """
    require_comment(before, private)
    return {"notes": text.strip(), "private_notes": private}


def plainly(value: Value) -> str | int | float:
    """Return a value as Redmine takes it; none is an empty text."""
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else value


def uploads(files: Iterable[Staged]) -> list[JSON]:
    """Return the body for files. Raises Invalid for what can be no token, which Redmine would silently ignore."""
    if any(not TOKEN.fullmatch(file.token) for file in files):
        raise Invalid({"files": [GONE]})
    return [{"token": file.token, "filename": file.filename, "content_type": file.content_type} for file in files]


def refusal(error: Invalid, files: Sequence[Staged]) -> Invalid:
    """Return Redmine's refusal, with our sentence about missing files: Redmine's counts the files that it misses.

    Source: acts_as_attachable's warn_about_failed_attachments; a token is gone once used, or after a clean-up.
    """
    counts = [[str(number)] for number in range(1, len(files) + 1)]
    sentences = [sentence for of_field in error.fields.values() for sentence in of_field]
    others = [it for it in sentences if re.findall(r"\d+", it.text) not in counts]
    if len(others) == len(sentences):
        return error
    return Invalid({"files": [GONE]} | ({"base": others} if others else {}))


def file_id(file: Staged) -> int:
    """Return the number of a staged file once attached. Source: Redmine's Attachment#token, `ID.digest`."""
    return int(file.token.partition(".")[0])


def require_changed(written: Written, edit: Edit, actor: Actor) -> None:
    """Raise NotAllowed when Redmine silently kept an old value; say so when it saved the comment nevertheless."""
    if missing := ignored(written, edit, actor):
        has_comment = trimmed(edit.comment) and entries_with(written, actor, edit.comment, edit.private)
        message = sentence("The task system kept your comment but did not accept the change.") if has_comment else None
        raise NotAllowed(message, detail=f"Redmine ignored {', '.join(missing)} of {written.after.id}")


def ignored(written: Written, edit: Edit, actor: Actor) -> list[str]:
    """Return the parts of an edit that are missing afterwards, though nobody replaced them since."""
    differing = _differing(written.after, changed(written.before, edit))
    missing = [name for name, names in differing if names is None or not written.was_replaced(actor.id, *names)]
    lacks_comment = trimmed(edit.comment) and not entries_with(written, actor, edit.comment, edit.private)
    return [*missing, "the comment"] if lacks_comment else missing


def _differing(after: Task, edit: Edit) -> Iterable[tuple[str, tuple[str, str] | None]]:
    """Yield the fields that do not hold the edit's values: name, and name in a history (field and label)."""
    yield from ((field, (field, "")) for field, value in edit.changes.items() if after.value(field) != value)
    for detail, value in edit.details.items():
        if not same(after.detail(detail), value):
            yield detail, (history_name(detail), "")
    labels = {it.field.id: it.field.name for it in after.custom}
    for number, texts in edit.custom.items():
        if not _same_texts(after, number, texts):
            yield f"cf_{number}", ("custom_field", labels.get(number, ""))
    present = {attachment.id for attachment in after.attachments}
    yield from ((file.filename, None) for file in edit.files if file_id(file) not in present)


def same(stored: Value, value: Value) -> bool:
    """Whether Redmine keeps a value as it was sent, but for line ends, empty texts and the last digits of hours."""
    if isinstance(stored, int | float) and isinstance(value, int | float):
        return abs(stored - value) < HOURS_APART
    if isinstance(stored, str) or isinstance(value, str):
        return plain(stored).strip() == plain(value).strip()
    return stored == value


def _same_texts(after: Task, number: int, value: Texts) -> bool:
    return sorted(map(plain, after.custom_value(number))) == sorted(map(plain, filter(None, value)))


def entries_with(written: Written, actor: Actor, text: str, private: bool = False) -> list[Entry]:
    """Return the person's new entries with this comment, or without one."""
    comment, own = plain(text).strip(), written.own_entries(actor.id)
    return [entry for entry in own if entry.notes.strip() == comment and entry.private == private]


def made(written: Written, edit: Edit, actor: Actor) -> list[int]:
    """Return the ids of the entries that the edit may have made: all with its comment, else those with one of its
    changes. The same person may have made others in Redmine itself, before or after this write: while the task holds
    what was written, the newest is its own, and later those that wrote the same text."""
    effective = changed(written.before, edit)
    fields = {*history_names(written.after, effective), *([("attachment", "")] if effective.files else [])}
    entries = entries_with(written, actor, edit.comment, edit.private and bool(trimmed(edit.comment)))
    if edit.comment.strip():
        return [entry.id for entry in entries]
    own = [entry for entry in entries if any(entry.has_change(*field) for field in fields)]
    if not any(_differing(written.after, effective)):
        return [entry.id for entry in own[-1:]]
    texts = set(_texts(effective))
    return [it.id for it in own if any(change.new in texts for change in it.changes)] or [it.id for it in own]


def _texts(edit: Edit) -> Iterable[str]:
    """Yield the texts of an edit that a history shows as they were written."""
    yield from (plain(value).strip() for value in edit.details.values() if isinstance(value, str))
    yield from (plain(text).strip() for texts in edit.custom.values() for text in texts)


def made_beside(written: Written, edit: Edit, actor: Actor) -> frozenset[int]:
    """Return the id of the entry that Redmine makes of the changes beside a private comment, if the edit has both.

    Source: Journal#split_private_notes.
    """
    if not (edit.private and trimmed(edit.comment)):
        return frozenset()
    return frozenset(made(written, edit._replace(comment="", private=False), actor)[-1:])


def rewriting(before: Task, entry_id: int, text: str) -> JSON:
    """Return the body for another text of a comment. Raises NotFound, NotAllowed, Unchanged."""
    require_new_text(before, entry_id, plain(text))
    return {"notes": text.strip()}


def is_rewritten(after: Task, entry_id: int, text: str) -> bool:
    """Whether a comment now has the text; an emptied one is gone, with its entry unless that has changes."""
    entry, comment = next((each for each in after.entries if each.id == entry_id), None), plain(text).strip()
    return entry.notes.strip() == comment if entry else not comment
