"""Whether values may be written: true for everything that somebody may come up with, not only for examples."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import Sentence
from helpdesk.tasks.change_messages import in_words
from helpdesk.tasks.checks import LONGEST_SUBJECT, MOST_HOURS, faults
from helpdesk.tasks.fields import CustomField, Kind, Option, fault, is_day
from helpdesk.tasks.model import FieldChange
from helpdesk.texts import is_blank

DAYS = st.none() | st.dates()
KINDS: list[Kind] = ["text", "long_text", "integer", "decimal", "date", "yes_no", "list", "link", "other"]
NEAR = st.text("0123456789-+.eE_ да١", max_size=12) | st.text(max_size=12)


@given(DAYS, DAYS)
def test_days_are_refused_just_when_both_are_there_and_crossed(start: date | None, due: date | None) -> None:
    crossed = start is not None and due is not None and due < start
    assert list(faults({"start_date": start, "due_date": due})) == (["due_date"] if crossed else [])


@given(st.none() | st.integers(), st.none() | st.floats(), st.text(max_size=300))
def test_numbers_and_subjects_are_refused_just_outside_their_bounds(
    ratio: int | None, hours: float | None, subject: str
) -> None:
    found = faults({"done_ratio": ratio, "estimated_hours": hours, "subject": subject}, {"subject"})
    assert ("done_ratio" in found) is (ratio is None or not 0 <= ratio <= 100)
    assert ("estimated_hours" in found) is (hours is not None and not 0 <= hours < MOST_HOURS)
    assert ("subject" in found) is (is_blank(subject) or len(subject) > LONGEST_SUBJECT)


@given(st.sampled_from(KINDS), st.lists(NEAR, max_size=3), st.booleans(), st.booleans())
def test_a_value_that_a_custom_field_takes_can_be_read_again(
    kind: Kind, value: list[str], multiple: bool, required: bool
) -> None:
    field = CustomField(1, "Поле", kind, (Option("1", "один"), Option("2", "два")), multiple, required)
    says = fault(field, tuple(value))
    empty = all(map(is_blank, value))
    if empty or (len(value) > 1 and not multiple):
        assert isinstance(says, Sentence) is (not empty or required)
    elif says is None:
        read = {"integer": int, "decimal": float, "date": date.fromisoformat, "yes_no": ("0", "1").index}
        readers = {**read, "list": ("1", "2").index}
        assert all(each.isascii() for each in value) or kind not in readers
        for each in value:
            readers.get(kind, str)(each)


@given(st.dates())
def test_every_day_is_a_day_and_is_told_as_people_write_it(day: date) -> None:
    assert is_day(day.isoformat())
    assert in_words(FieldChange("due_date", None, day.isoformat())).values["new"] == day.strftime("%d.%m.%Y")
    assert not is_day(day.isoformat().replace("-", "")) and not is_day(f" {day}")
