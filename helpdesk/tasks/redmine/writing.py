"""What to write to Redmine for a wish, and whether it was done: Redmine answers 204 to what it ignores."""

from helpdesk.errors import NotAllowed, sentence
from helpdesk.redmine_client import JSON
from helpdesk.tasks.checking import changed, require_comment, wanted
from helpdesk.tasks.model import Actor, Edit, Field, Task, Written

ATTRIBUTES: dict[Field, str] = {"status": "status_id", "priority": "priority_id", "assignee": "assigned_to_id"}


def changing(before: Task, edit: Edit) -> JSON:
    """What to write for an edit. Raises what `checking.wanted` raises."""
    body: JSON = {
        ATTRIBUTES[field]: "" if value is None else value for field, value in wanted(before, edit).changes.items()
    }
    comment = edit.comment.strip()
    return body | ({"notes": comment} if comment else {})


def commenting(before: Task, text: str, private: bool) -> JSON:
    """What to write for a comment. Raises NotAllowed before Redmine could make a private one public."""
    require_comment(before, private)
    return {"notes": text.strip(), "private_notes": private}


def require_changed(written: Written, edit: Edit, actor: Actor) -> None:
    """Raise NotAllowed when Redmine silently kept an old value; say so when it kept the comment all the same."""
    wishes = changed(written.before, edit).changes
    ignored: list[str] = [field for field, value in wishes.items() if written.after.value(field) != value]
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
