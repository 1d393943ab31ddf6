"""Notifications as sentences. What is kept is not text: it is said in the language of who reads it, when it is read."""

from functools import reduce
from typing import NamedTuple

from helpdesk.errors import Sentence, sentence
from helpdesk.notifications.plain import excerpt
from helpdesk.notifications.rules import Kind
from helpdesk.tasks.feed import Became, Happening

TITLES = {
    "mentioned": sentence("%(who)s mentioned you in #%(task)s"),
    "given": sentence("%(who)s assigned #%(task)s to you"),
    "taken": sentence("#%(task)s is no longer assigned to you"),
    "created": sentence("%(who)s created #%(task)s"),
    "commented": sentence("%(who)s commented on #%(task)s"),
    "status": sentence("The status of #%(task)s is now %(new)s"),
    "priority": sentence("The priority of #%(task)s is now %(new)s"),
    "files": sentence("%(who)s added to the files of #%(task)s"),
    "reassigned": sentence("%(who)s changed who works on #%(task)s"),
    "changed": sentence("%(who)s changed #%(task)s"),
}
UNKNOWN = sentence("Somebody")
STATUS = sentence("Status: %(old)s → %(new)s")
PRIORITY = sentence("Priority: %(old)s → %(new)s")
ABOUT = sentence("%(subject)s")
JOINED = sentence("%(first)s · %(second)s")


class Gist(NamedTuple):
    """What is kept of an act for one person. `author` is who did it, empty when that is not known.

    `old` and `new` are the status before and after, or the priority where `kind` is "priority"; empty when it stayed.
    """

    kind: str
    task_id: int
    subject: str
    author: str = ""
    old: str = ""
    new: str = ""
    excerpt: str = ""


class Words(NamedTuple):
    """One line that says what happened, and one that says to which task, from what to what, and what was said.
    `details` are that message without the task."""

    title: Sentence
    message: Sentence
    details: tuple[Sentence | str, ...]


def gist(happening: Happening, kind: Kind) -> Gist:
    """What to keep of an act for those who hear of it as this kind."""
    became = (happening.priority if kind == "priority" else happening.status) or Became("", "")
    said = excerpt(happening.notes)
    if kind == "files":
        said = excerpt(", ".join(happening.files))
    author = happening.by.name if happening.by else ""
    return Gist(kind, happening.task_id, happening.subject, author, became.old, became.new, said)


def in_words(gist: Gist) -> Words:
    """A kind that is not known here is told as a change of whatever it was."""
    known = gist.kind in TITLES and bool(gist.new or gist.kind not in ("status", "priority"))
    title = TITLES[gist.kind if known else "changed"]
    values = {"who": gist.author or UNKNOWN, "task": gist.task_id, "new": gist.new}
    parts: list[Sentence | str] = []
    if gist.old and gist.new:
        label = PRIORITY if gist.kind == "priority" else STATUS
        parts.append(Sentence(label.text, {"old": gist.old, "new": gist.new}))
    if gist.excerpt:
        parts.append(gist.excerpt)
    about = Sentence(ABOUT.text, {"subject": gist.subject})
    return Words(Sentence(title.text, values), reduce(_joined, parts, about), tuple(parts))


def _joined(first: Sentence, second: Sentence | str) -> Sentence:
    return Sentence(JOINED.text, {"first": first, "second": second})
