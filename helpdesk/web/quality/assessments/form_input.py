"""Read a form of criteria, from a page or from a program, and what was typed into it after a conflict.

A page sends a row for each criterion, whose fields end with its number: `name-1`, `weight-1`. Rows without a name are
left out if they are new. A program sends a list of criteria; its faults have the names of the rows' fields.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from helpdesk.errors import Invalid, Sentence, sentence
from helpdesk.store.assessment_forms import (
    LONGEST_CRITERION,
    LONGEST_HINT,
    LONGEST_NAME,
    MOST_CRITERIA,
    MOST_MARK,
    MOST_WEIGHT,
    CriterionValues,
    FormRow,
    FormValues,
)
from helpdesk.texts import is_blank, one_line
from helpdesk.web.core import request_data
from helpdesk.web.core.request_data import Fields, refusal

SPARE = 3
"""As many empty rows a page has for new criteria."""
MOST_ROWS = MOST_CRITERIA + SPARE
PARTS = ("id", "name", "hint", "weight", "most", "place", "remove")
NO_CRITERIA = sentence("A form needs at least one criterion.")
TOO_MANY = sentence("A form has at most %(most)s criteria.", most=MOST_CRITERIA)
OUTSIDE = "This must be a whole number from %(least)s to %(most)s."
TWICE = sentence("A criterion stands here twice.")
NO_LIST = sentence("This must be a list of criteria.")


class Typed(NamedTuple):
    """The fields of a form: `rows` are the fields of criteria, by PARTS."""

    name: str
    is_active: bool
    rows: list[dict[str, str]]


def read(fields: Fields) -> FormValues:
    """Read a form. Raises Invalid."""
    faults: dict[str, list[Sentence]] = {}
    flat = _flat(fields)
    name = _or_fault(faults, lambda: fields.required_text("name", LONGEST_NAME), "")
    is_active = _or_fault(faults, lambda: fields.flag("is_active", fields.is_json), False)
    placed: list[tuple[int, int, CriterionValues]] = []
    for row in range(1, MOST_ROWS + 1):
        if _is_there(flat, row) and (found := _or_fault(faults, partial(_criterion, flat, row), None)):
            placed.append((_place(flat, row), row, found))
    numbers = [it.id for _, _, it in placed if it.id is not None]
    if len(set(numbers)) < len(numbers):
        faults["name"] = [TWICE]
    if not placed and not faults:
        faults["name-1"] = [NO_CRITERIA]
    if len(placed) > MOST_CRITERIA:
        faults["name"] = [TOO_MANY]
    if faults:
        raise Invalid(faults)
    return FormValues(one_line(name).strip(), is_active, tuple(it for _, _, it in sorted(placed)))


def shown(form: FormRow | None) -> Typed:
    """Return the fields of a form as it is; of a new one without `form`."""
    if form is None:
        return Typed("", True, _with_spare([]))
    rows = [_row(it, place) for place, it in enumerate(form.values.criteria, start=1)]
    return Typed(form.values.name, form.values.is_active, _with_spare(rows))


def typed(fields: Fields, current: FormRow | None = None) -> Typed:
    """Return the fields as they were typed. Of `current`, which somebody else has saved meanwhile, they have the
    criteria that were added; those that were removed there are new ones here."""
    flat = _flat(fields)
    rows = [
        {part: str(flat.values.get(f"{part}-{row}") or "") for part in PARTS}
        for row in range(1, MOST_ROWS + 1)
        if any(flat.values.get(f"{part}-{row}") for part in ("id", "name", "hint"))
    ]
    if current is not None:
        known, present = {it["id"] for it in rows}, {str(it.id) for it in current.values.criteria}
        rows = [it | ({} if it["id"] in present else {"id": ""}) for it in rows]
        rows += [_row(it, len(rows) + 1) for it in current.values.criteria if str(it.id) not in known]
    name = fields.values.get("name")
    return Typed(name if isinstance(name, str) else "", bool(fields.values.get("is_active")), _with_spare(rows))


def _flat(fields: Fields) -> Fields:
    """Return the fields with those of the criteria of a program as a page would send them. Raises Invalid."""
    if not fields.is_json:
        return fields
    criteria = fields.values.get("criteria", [])
    if not isinstance(criteria, list) or not all(isinstance(it, dict) for it in criteria):
        raise refusal("criteria", NO_LIST)
    if len(criteria) > MOST_CRITERIA:
        raise refusal("criteria", TOO_MANY)
    rows = {f"{part}-{row}": it.get(part) for row, it in enumerate(criteria, start=1) for part in PARTS[:5]}
    return fields._replace(values={**fields.values, **rows})


def _is_there(fields: Fields, row: int) -> bool:
    """Tell whether a row is a criterion: one that is there already, or that has a name, and that is not removed."""
    is_any = fields.values.get(f"id-{row}") or not is_blank(str(fields.values.get(f"name-{row}") or ""))
    return bool(is_any) and not fields.values.get(f"remove-{row}")


def _criterion(fields: Fields, row: int) -> CriterionValues:
    number = fields.values.get(f"id-{row}")
    return CriterionValues(
        request_data.whole(f"id-{row}", number) if number not in (None, "") else None,
        one_line(fields.required_text(f"name-{row}", LONGEST_CRITERION)).strip(),
        one_line(fields.text(f"hint-{row}", LONGEST_HINT)).strip(),
        _between(fields, f"weight-{row}", 1, MOST_WEIGHT),
        _between(fields, f"most-{row}", 1, MOST_MARK),
    )


def _place(fields: Fields, row: int) -> int:
    """Return where a criterion stands; one without a place stands where its row is."""
    text = str(fields.values.get(f"place-{row}") or "")
    return request_data.an_id(text) or row


def _between(fields: Fields, name: str, least: int, most: int) -> int:
    number = fields.number(name)
    if number is None or not least <= number <= most:
        raise refusal(name, sentence(OUTSIDE, least=least, most=most))
    return number


def _or_fault(faults: dict[str, list[Sentence]], work: Any, default: Any) -> Any:
    """Return what `work` reads; note its fault and return `default` otherwise."""
    try:
        return work()
    except Invalid as error:
        faults |= {name: [*messages] for name, messages in error.fields.items()}
        return default


def _row(it: CriterionValues, place: int) -> dict[str, str]:
    values: Mapping[str, object] = it._asdict()
    return {**{name: str(value) for name, value in values.items()}, "place": str(place), "remove": ""}


def _with_spare(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    room = min(SPARE, MOST_ROWS - len(rows))
    empty = dict.fromkeys(PARTS, "") | {"weight": "1", "most": "5"}
    return rows + [{**empty, "place": str(len(rows) + number)} for number in range(1, room + 1)]
