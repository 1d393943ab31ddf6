"""What to write to Redmine for a wish, and whether it was done: Redmine answers 204 to what it ignores."""

from helpdesk.errors import Conflict, NotAllowed, sentence
from helpdesk.redmine_client import JSON
from helpdesk.tasks.model import Actor, Edit, Field, Task, Written
from helpdesk.tasks.tracker import require_change, require_offered

ATTRIBUTES: dict[Field, str] = {"status": "status_id", "priority": "priority_id", "assignee": "assigned_to_id"}


def changing(before: Task, edit: Edit) -> JSON:
    """What to write for an edit. Raises Conflict, Unchanged, Invalid, NotAllowed (see the port)."""
    if edit.version is not None and edit.version != before.version:
        raise Conflict(before)
    changes = require_change(before, edit)
    require_offered(before.choices, changes)
    comment = edit.comment.strip()
    if comment and not before.choices.may_comment:
        raise NotAllowed
    body: JSON = {ATTRIBUTES[field]: "" if value is None else value for field, value in changes.items()}
    return body | ({"notes": comment} if comment else {})


def commenting(before: Task, text: str, private: bool) -> JSON:
    """What to write for a comment. Raises NotAllowed before Redmine could make a private one public."""
    allowed = before.choices.may_comment_privately if private else before.choices.may_comment
    if not allowed:
        raise NotAllowed
    return {"notes": text.strip(), "private_notes": private}


def require_changed(written: Written, edit: Edit, actor: Actor) -> None:
    """Raise NotAllowed when Redmine silently kept an old value; say so when it kept the comment all the same."""
    wanted = require_change(written.before, edit)
    ignored: list[str] = [field for field, value in wanted.items() if written.after.value(field) != value]
    kept = bool(edit.comment.strip()) and tells(written, actor, edit.comment)
    if edit.comment.strip() and not kept:
        ignored.append("the comment")
    if ignored:
        says = sentence("The task system kept your comment but did not accept the change.") if kept else None
        raise NotAllowed(says, detail=f"Redmine ignored {', '.join(ignored)} of {written.after.id}")


def tells(written: Written, actor: Actor, text: str, private: bool = False) -> bool:
    """Whether the person's comment is among what is new."""
    said = text.replace("\r\n", "\n").strip()
    own = [entry for entry in written.new_entries if entry.author is not None and entry.author.id == actor.id]
    return any(entry.notes.strip() == said and entry.private == private for entry in own)
