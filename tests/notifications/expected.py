"""Who must have been told what, reckoned from the script's log alone, by the words of docs and not by our code.

Told are the assignee, who had the task until now, the author, the watchers, the members of a group in its place, and
whom the text calls; never who did it, and never of what one may not see.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tests.notifications.company import NAMES, UNKNOWN_HERE, people_of, reads_private, sees
from tests.notifications.log_book import Did, Entry, Made, Watched, number


class Row(NamedTuple):
    """A notification, as far as it matters: whose, of what, and what is kept for its words."""

    login: str
    key: str
    type: str
    kind: str
    task: int
    by: str
    private: bool
    old: str
    new: str
    excerpt: str


class Reckoned(NamedTuple):
    """Every row that must be there, where no other may be; and how often somebody may not be told, by the reason."""

    rows: Counter[Row]
    withheld: Counter[str]


def reckoned(log: Sequence[Entry]) -> Reckoned:
    made = {entry.task: entry for entry in log if isinstance(entry, Made)}
    found = [each for task in made.values() for each in _of_task(task, [it for it in log if it.task == task.task])]
    return Reckoned(Counter(row for row, why in found if not why), Counter(why for _, why in found if why))


def _of_task(task: Made, log: Sequence[Entry]) -> Iterable[tuple[Row, str]]:
    watchers, watched = set(task.watchers), dict[str, frozenset[str]]()
    for entry in log:
        if isinstance(entry, Watched):
            (watchers.add if entry.on else watchers.discard)(entry.who)
        elif isinstance(entry, Made | Did):
            watched[entry.key] = _all(watchers)
    yield from _rows(task, _as_act(task), task.assignee, watched[task.key])
    has_it = task.assignee
    for act in sorted((it for it in log if isinstance(it, Did)), key=lambda it: number(it.key)):
        if act.handed:
            assert act.handed[0] == has_it, f"the log contradicts itself: {act}"
            has_it = act.handed[1]
        yield from _rows(task, act, has_it, watched[act.key])


def _as_act(task: Made) -> Did:
    return Did(task.key, task.task, task.author, task.text, task.calls)


def _rows(task: Made, act: Did, assignee: str | None, watchers: frozenset[str]) -> Iterable[tuple[Row, str]]:
    """What each would be told who has to do with it, and why not, if that is so."""
    is_new = act.key == task.key
    has_it, had_it = people_of(assignee), people_of(act.handed[0]) if act.handed else frozenset()
    for login in (has_it | had_it | watchers | act.calls | {task.author}) - {UNKNOWN_HERE}:
        why = ""
        if login == act.by:
            why = "own act"
        elif not sees(login, task.project, task.author, assignee, task.private):
            why = "unseen task"
        elif act.private and not reads_private(login, task.project):
            why = "private comment"
        type, kind = _named(act, is_new, login, has_it, had_it)
        old, new = (act.priority if kind == "priority" else act.status) or ("", "")
        says = ", ".join(act.files) if kind == "files" else act.text
        yield Row(login, act.key, type, kind, act.task, NAMES[act.by], act.private, old, new, says), why


def _named(
    act: Did, is_new: bool, login: str, has_it: frozenset[str], had_it: frozenset[str]
) -> tuple[str, str]:  # fmt: skip
    """The type for programs and the kind for words, of what concerns this person most."""
    if login in act.calls:
        return "mention", "mentioned"
    if login in has_it and (is_new or act.handed):
        return "assigned", "given"
    if login in had_it:
        return "assigned", "taken"
    if is_new:
        return "created", "created"
    if act.text:
        return "comment", "commented"
    if act.status:
        return "status_change", "status"
    if act.priority:
        return "priority_change", "priority"
    if act.files:
        return "attachment", "files"
    return "system", "reassigned" if act.handed else "changed"


def _all(who: Iterable[str]) -> frozenset[str]:
    return frozenset[str]().union(*map(people_of, who))
