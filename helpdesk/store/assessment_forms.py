"""Store the forms by which closed tasks are assessed, with their criteria."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlmodel import Session, col, select

from helpdesk.errors import Conflict, Invalid, NotFound, sentence
from helpdesk.store import audit, locks
from helpdesk.store.casefold import fold
from helpdesk.store.database import in_batches, required
from helpdesk.store.models.quality import AssessmentForm, AssessmentMark, Criterion

MOST_FORMS, MOST_CRITERIA = 50, 30
LONGEST_NAME, LONGEST_CRITERION, LONGEST_HINT = 100, 200, 500
MOST_WEIGHT, MOST_MARK = 100, 10
TAKEN = sentence("There is a form of this name already.")
TOO_MANY = sentence("There are %(most)s forms already.", most=MOST_FORMS)


class CriterionValues(NamedTuple):
    """A criterion: marks go from 0 to `most`. One without an id is new."""

    id: int | None
    name: str
    hint: str
    weight: int
    most: int


class FormValues(NamedTuple):
    """The values of a form; its criteria are in their order."""

    name: str
    is_active: bool
    criteria: tuple[CriterionValues, ...]


class FormRow(NamedTuple):
    """A form as it is, with the criteria that are in use."""

    id: int
    version: int
    values: FormValues


def all(session: Session) -> list[FormRow]:
    """Return all forms by name."""
    rows = session.exec(select(AssessmentForm).order_by(col(AssessmentForm.name_folded))).all()
    used = select(Criterion).where(col(Criterion.is_active))
    criteria = defaultdict[int, list[Criterion]](list)
    for it in session.exec(used.order_by(col(Criterion.position), col(Criterion.id))):
        criteria[it.form_id].append(it)
    return [_row(it, criteria[it.id or 0]) for it in rows]


def one(session: Session, form_id: int, *, for_update: bool = False) -> FormRow:
    """Return a form; `for_update` its criteria stay as they are until the transaction ends. Raises NotFound."""
    row = required(session, AssessmentForm, form_id, for_update=for_update)
    return _row(row, [it for it in _criteria(session, form_id) if it.is_active])


def criteria_named(session: Session, ids: Collection[int]) -> dict[int, Criterion]:
    """Return criteria by their ids, also those that were removed."""
    found: dict[int, Criterion] = {}
    for batch in in_batches(ids):
        found |= {it.id or 0: it for it in session.exec(select(Criterion).where(col(Criterion.id).in_(batch)))}
    return found


def add(session: Session, actor_id: int, wanted: FormValues) -> FormRow:
    """Add a form. Raises Invalid for a taken name, and for one too many."""
    locks.everybody(session)
    if len(session.exec(select(AssessmentForm.id)).all()) >= MOST_FORMS:
        raise Invalid({"name": [TOO_MANY]})
    _require_free(session, wanted.name, None)
    row = AssessmentForm(name=wanted.name, name_folded=_folded(wanted.name), is_active=wanted.is_active)
    session.add(row)
    session.flush()
    _write_criteria(session, row, wanted.criteria)
    audit.note(session, actor_id, "form_added", None, _details(row, wanted))
    return one(session, row.id or 0)


def change(session: Session, actor_id: int, form_id: int, wanted: FormValues, known: int) -> FormRow:
    """Change a form whose version is `known`. Raises NotFound, Invalid, and Conflict with the form as it is now."""
    locks.everybody(session)
    row = required(session, AssessmentForm, form_id, for_update=True)
    before = one(session, form_id)
    if known != row.version:
        raise Conflict(before)
    _require_free(session, wanted.name, form_id)
    if wanted != before.values:
        row.name, row.name_folded, row.is_active = wanted.name, _folded(wanted.name), wanted.is_active
        row.version += 1
        session.add(row)
        _write_criteria(session, row, wanted.criteria)
        audit.note(session, actor_id, "form_changed", None, _details(row, wanted))
    return one(session, form_id)


def _write_criteria(session: Session, form: AssessmentForm, wanted: Sequence[CriterionValues]) -> None:
    """Write the criteria in their order. One that is left out stays for the assessments that have it, or is deleted.
    Raises NotFound for one of another form."""
    kept = {it.id: it for it in _criteria(session, form.id or 0)}
    for position, it in enumerate(wanted):
        row = Criterion(form_id=form.id or 0, name=it.name) if it.id is None else kept.pop(it.id, None)
        if row is None or not row.is_active:
            raise NotFound
        row.name, row.hint, row.weight, row.most, row.position = it.name, it.hint, it.weight, it.most, position
        session.add(row)
    for left in (each for each in kept.values() if each.is_active):
        if session.exec(select(AssessmentMark).where(AssessmentMark.criterion_id == left.id).limit(1)).first():
            left.is_active = False
            session.add(left)
        else:
            session.delete(left)
    session.flush()


def _criteria(session: Session, form_id: int) -> Sequence[Criterion]:
    query = select(Criterion).where(Criterion.form_id == form_id)
    return session.exec(query.order_by(col(Criterion.position), col(Criterion.id))).all()


def _row(form: AssessmentForm, criteria: Sequence[Criterion]) -> FormRow:
    shown = tuple(CriterionValues(it.id, it.name, it.hint, it.weight, it.most) for it in criteria)
    return FormRow(form.id or 0, form.version, FormValues(form.name, form.is_active, shown))


def _require_free(session: Session, name: str, form_id: int | None) -> None:
    same = select(AssessmentForm.id).where(AssessmentForm.name_folded == _folded(name))
    if any(it != form_id for it in session.exec(same)):
        raise Invalid({"name": [TAKEN]})


def _folded(name: str) -> str:
    return fold(name)[:LONGEST_NAME]


def _details(form: AssessmentForm, wanted: FormValues) -> dict[str, Any]:
    return {
        "form": form.id,
        "name": wanted.name,
        "is_active": wanted.is_active,
        "criteria": [f"{it.name} ×{it.weight} (0–{it.most})" for it in wanted.criteria],
    }
