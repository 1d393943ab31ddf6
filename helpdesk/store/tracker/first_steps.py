"""Store what a company needs before its people can work in the embedded tracker, and tell which steps are done."""

from collections.abc import Collection, Iterable, Mapping
from itertools import chain, count, permutations
from typing import NamedTuple

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from helpdesk.errors import Conflict, Invalid, sentence
from helpdesk.store import audit, board, local_passwords, locks, registration, request_categories
from helpdesk.store.board import ColumnSettings
from helpdesk.store.casefold import fold
from helpdesk.store.models.tables import Membership, Meta, Project, Transition
from helpdesk.store.registration import Registration
from helpdesk.store.request_categories import CategoryValues
from helpdesk.store.tracker import edits, projects, roles, vocabulary
from helpdesk.store.tracker.roles import WORKING, RoleRow
from helpdesk.store.tracker.vocabulary import PRIORITIES, STATUSES, TYPES, Part, Word

FINISHED = "tracker_set_up"
STATUS_KEYS = ("new", "in_progress", "waiting", "resolved", "closed", "rejected")
CLOSED, WAITING = {"closed", "rejected"}, {"waiting"}
PRIORITY_KEYS = ("low", "normal", "high", "urgent")
DEFAULTS = {"new", "normal"}
TYPE_KEYS = ("incident", "request", "change")
ROLE_KEYS = ("staff", "requester")
OF_STAFF = (
    *("view_all", "create", "edit", "comment", "comment_privately", "view_private"),
    *("edit_own_comments", "set_private", "assignable"),
)
OF_REQUESTERS = ("create", "comment", "edit_own_comments")
MOVES_OF_STAFF = {
    "new": ("in_progress", "waiting", "resolved", "rejected"),
    "in_progress": ("waiting", "resolved", "rejected"),
    "waiting": ("in_progress", "resolved", "rejected"),
    "resolved": ("closed", "in_progress"),
    "closed": ("in_progress",),
    "rejected": ("in_progress",),
}
MOVES_OF_REQUESTERS = {"waiting": ("in_progress",), "resolved": ("closed", "in_progress")}
NO_STAFF_ROLE = sentence("No role has assignees: do the step before first.")
NO_PROJECT = sentence("There is no project yet: do the first step first.")


class Progress(NamedTuple):
    """Which steps are done, in their order. `is_finished`: an administrator has said that no more are needed."""

    project: bool
    workflow: bool
    people: bool
    category: bool
    is_finished: bool = False

    @property
    def next_step(self) -> str | None:
        """Return the first step that is not done."""
        return next((name for name in STEPS if not getattr(self, name)), None)


class Added(NamedTuple):
    """A new account with the token of the link that sets its password."""

    id: int
    login: str
    token: str


STEPS = ("project", "workflow", "people", "category")


def progress(session: Session) -> Progress:
    """Return which steps are done: what a step makes may as well have been made elsewhere."""
    shown = col(Project.is_archived).is_(False)
    return Progress(
        session.exec(select(Project.id).where(shown).limit(1)).first() is not None,
        vocabulary.is_complete(session) and session.exec(select(Transition).limit(1)).first() is not None,
        session.exec(_working(session).limit(1)).first() is not None,
        bool(request_categories.all(session)),
        session.get(Meta, FINISHED) is not None,
    )


def are_wanted(session: Session) -> bool:
    """Tell whether the steps are still to be offered: the start page asks, so what is finished costs one row."""
    return session.get(Meta, FINISHED) is None and progress(session).next_step is not None


def staff(session: Session) -> set[int]:
    """Return the ids of the people who work on tasks in a project that is not archived."""
    return set(session.exec(_working(session).distinct()))


def _working(session: Session) -> SelectOfScalar[int]:
    working = [it.id for it in roles.all_roles(session) if WORKING in it.permissions]
    theirs = select(Membership.person_id).join(Project, col(Project.id) == col(Membership.project_id))
    return theirs.where(col(Membership.role_id).in_(working), col(Project.is_archived).is_(False))


def make_default_set(session: Session, names: Mapping[str, str], actor_id: int) -> None:
    """Make statuses, priorities, types, two roles and their workflow, as far as there are none. `names` are by key."""
    locks.everybody(session)
    ids = _words(session, STATUSES, STATUS_KEYS, names, actor_id)
    _words(session, PRIORITIES, PRIORITY_KEYS, names, actor_id)
    _words(session, TYPES, TYPE_KEYS, names, actor_id)
    if ids:
        board.save_columns(session, {ids[key]: ColumnSettings("waiting") for key in WAITING})
    known = roles.all_roles(session)
    if not any(WORKING in it.permissions for it in known):
        known.append(roles.add(session, RoleRow(0, _free(names["staff"], known), OF_STAFF), actor_id))
    if not any(it.for_everybody for it in known):
        everybody = RoleRow(0, _free(names["requester"], known), OF_REQUESTERS, for_everybody=True)
        known.append(roles.add(session, everybody, actor_id))
    for role in known:
        if not roles.transitions(session, role.id):
            roles.save_transitions(session, role.id, _moves(session, role, ids), None, actor_id)


def add_staff(session: Session, person_ids: Collection[int], actor_id: int) -> None:
    """Let these people work on tasks in all projects.

    Raises Conflict when a step before is missing, NotFound for an unknown person, and Invalid for a disabled one.
    """
    locks.everybody(session)
    role = next((it for it in roles.all_roles(session) if WORKING in it.permissions), None)
    known = [it.id for it in projects.all_projects(session) if not it.is_archived]
    if role is None or not known:
        raise Conflict(None, NO_PROJECT if role else NO_STAFF_ROLE)
    projects.add_to_all(session, known, set(person_ids), role, actor_id)


def add_account(session: Session, account: Registration, is_staff: bool, actor_id: int) -> Added:
    """Add a local account without a password, and a link that sets one.

    Raises Invalid, and Conflict as `add_staff` does.
    """
    person = registration.add(session, account, "", is_admin=False)
    assert person.id is not None
    person.password_hash, person.is_email_proven = None, True  # an administrator vouches for the address
    session.flush()
    if is_staff:
        add_staff(session, [person.id], actor_id)
    audit.note(session, actor_id, "password_link", person.id)
    return Added(person.id, person.login, local_passwords.make_link(session, person.id, person.created_at))


def add_category(session: Session, wanted: CategoryValues, actor_id: int) -> None:
    """Add a category of requests as the last one. Raises Invalid for a project or a type that is not there."""
    known = {it.id for it in projects.all_projects(session) if not it.is_archived}
    if wanted.project_id not in known:
        raise Invalid({"project_id": [roles.UNKNOWN]})
    if wanted.tracker_id not in {None, *(it.id for it in vocabulary.all_words(session, TYPES))}:
        raise Invalid({"type_id": [roles.UNKNOWN]})
    try:
        request_categories.add(session, actor_id, wanted)
    except request_categories.TooMany as error:
        raise Invalid({"name": [edits.TOO_MANY._replace(values={"most": request_categories.MOST})]}) from error


def finish(session: Session, actor_id: int) -> None:
    """Offer the steps no more, be they done or not."""
    if session.get(Meta, FINISHED) is None:
        session.add(Meta(name=FINISHED, value="1"))
        audit.note(session, actor_id, "tracker_set_up", None)


def _words(
    session: Session, part: Part, keys: Collection[str], names: Mapping[str, str], actor_id: int
) -> dict[str, int]:
    """Make the words of a part unless there are some. Return the ids of those made by their keys."""
    if vocabulary.all_words(session, part):
        return {}
    made: dict[str, int] = {}
    for key in keys:
        wanted = Word(0, names[key], 1, is_default=key in DEFAULTS, is_closed=key in CLOSED)
        made[key] = vocabulary.add(session, part, wanted, actor_id).id
    return made


def _free(name: str, known: Iterable[RoleRow]) -> str:
    """Return a name for a role that no other one has."""
    taken = {fold(it.name) for it in known}
    return next(it for it in chain([name], (f"{name} {number}" for number in count(2))) if fold(it) not in taken)


def _moves(session: Session, role: RoleRow, ids: Mapping[str, int]) -> Collection[tuple[int, int]]:
    """Return the workflow of a role: among statuses that are known by their keys, or for staff among all."""
    is_staff = WORKING in role.permissions
    if ids:
        moves = MOVES_OF_STAFF if is_staff else MOVES_OF_REQUESTERS
        return {(ids[old], ids[new]) for old, several in moves.items() for new in several}
    return set(permutations([it.id for it in vocabulary.all_words(session, STATUSES)], 2)) if is_staff else ()
