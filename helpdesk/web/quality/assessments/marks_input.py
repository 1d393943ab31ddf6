"""Read the marks of an assessment, from a page or from a program.

A page sends `mark-7` and `remark-7` for the criterion 7, a program a list of marks. "none" is "does not apply".
"""

from collections.abc import Mapping
from typing import Any

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.quality.assessments import Mark, score
from helpdesk.store.assessment_forms import MOST_CRITERIA, CriterionValues, FormRow
from helpdesk.store.assessments import LONGEST_MARK_REMARK, LONGEST_REMARK, MarkValues, Wanted
from helpdesk.web.core import request_data
from helpdesk.web.core.request_data import Fields, refusal

NONE = "none"
MISSING = sentence("Please give a mark, or say that this does not apply.")
NOTHING_APPLIES = sentence("At least one criterion must apply.")
NO_LIST = sentence("This must be a list of marks.")


def flat(fields: Fields) -> Fields:
    """Return the fields with the marks of a program as a page would send them. Raises Invalid."""
    if not fields.is_json:
        return fields
    marks = fields.values.get("marks", [])
    if not isinstance(marks, list) or not all(isinstance(it, dict) for it in marks):
        raise refusal("marks", NO_LIST)
    if len(marks) > MOST_CRITERIA:
        raise refusal("marks", request_data.too_many(MOST_CRITERIA))
    rows: dict[str, Any] = {}
    for it in marks:
        number = request_data.whole("marks", it.get("criterion_id"))
        mark = it.get("mark", "")
        rows |= {f"mark-{number}": NONE if mark is None else mark, f"remark-{number}": it.get("remark")}
    return fields._replace(values={**fields.values, **rows})


def read(fields: Fields, form: FormRow) -> Wanted:
    """Read the marks for all criteria of a form. Raises Invalid."""
    faults: dict[str, list[Sentence]] = {}
    marks = list[MarkValues]()
    remark = ""
    try:
        remark = fields.text("remark", LONGEST_REMARK)
    except Invalid as error:
        _note(faults, error)
    for it in form.values.criteria:
        try:
            marks.append(_mark(fields, it))
        except Invalid as error:
            _note(faults, error)
    if faults:
        raise Invalid(faults)
    reckoned = score(Mark(it.mark, it.weight, it.most) for it in marks)
    if reckoned is None:
        raise refusal(f"mark-{form.values.criteria[0].id}" if marks else "form_id", NOTHING_APPLIES)
    return Wanted(form.id, reckoned, tuple(marks), remark.strip())


def shown(wanted: Wanted | None) -> Mapping[str, Any]:
    """Return the fields of an assessment as a page has them; none of a new one."""
    if wanted is None:
        return {}
    values: dict[str, Any] = {"remark": wanted.remark}
    for it in wanted.marks:
        values[f"mark-{it.criterion_id}"] = NONE if it.mark is None else str(it.mark)
        values[f"remark-{it.criterion_id}"] = it.remark
    return values


def _mark(fields: Fields, criterion: CriterionValues) -> MarkValues:
    name, value = f"mark-{criterion.id}", fields.values.get(f"mark-{criterion.id}")
    if value is None or value == "":
        raise refusal(name, MISSING)
    mark = None if value == NONE else request_data.whole(name, value)
    if mark is not None and mark > criterion.most:
        raise refusal(name, request_data.NO_CHOICE)
    remark = fields.text(f"remark-{criterion.id}", LONGEST_MARK_REMARK).strip()
    return MarkValues(criterion.id or 0, mark, criterion.weight, criterion.most, remark)


def _note(faults: dict[str, list[Sentence]], error: Invalid) -> None:
    faults |= {name: [*messages] for name, messages in error.fields.items()}
