"""Return the recipients of warnings of promises: those who are responsible for a task with their deputies, its
watchers, and the person whom the promise names."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple

from sqlmodel import Session

from helpdesk.notifications.recipients import Deputy, deputies_of
from helpdesk.promises.warnings import DueWarning
from helpdesk.reports.model import NOBODY, Involved
from helpdesk.store import people
from helpdesk.store.people import Account, Accounts


class Candidates(NamedTuple):
    """The accounts of the people who are to be warned: by their numbers in the backend, and by their own ids. The
    `deputies` are by the ids of those who are away."""

    by_number: Mapping[int, Account]
    by_id: Mapping[int, Account]
    deputies: Mapping[int, Deputy]

    def of(self, warning: DueWarning, task: Involved | None) -> dict[Account, str]:
        """Return who is to be warned, each with the name of the absent person whose deputy it is, or with none."""
        found = {self.by_number[it]: "" for it in _numbers(warning, task) if it in self.by_number}
        if escalated := self.by_id.get(warning.escalate_to or 0):
            found[escalated] = ""
        for absent in [it for it in found if it.number in _responsible(warning, task)]:
            if deputy := self.deputies.get(absent.id):
                found.setdefault(deputy.account, deputy.absent)
        return found


def read(
    session: Session, accounts: Accounts, some: Collection[DueWarning], tasks: Mapping[int, Involved], today: date
) -> Candidates:
    """Read the accounts of the people of these warnings."""
    pairs = [(it, tasks.get(it.key.task_id)) for it in some]
    by_number = {it.number: it for it in accounts(session, {each for pair in pairs for each in _numbers(*pair)}, ())}
    responsible = {each for pair in pairs for each in _responsible(*pair)}
    escalated = {it.escalate_to for it in some if it.escalate_to is not None}
    ids = [it.id for it in by_number.values() if it.number in responsible]
    return Candidates(
        by_number, people.numbered(session, accounts, escalated), deputies_of(session, accounts, ids, today)
    )


def _numbers(warning: DueWarning, task: Involved | None) -> frozenset[int]:
    """Return the numbers of who is warned: those who are responsible and the watchers. Nobody is warned of a task that
    is gone."""
    return _responsible(warning, task) | task.watchers if task else frozenset()


def _responsible(warning: DueWarning, task: Involved | None) -> frozenset[int]:
    """Return the numbers of the assignees, or of who closed the task last."""
    return (task.assignees or frozenset({warning.executor_id} - {NOBODY})) if task else frozenset()
