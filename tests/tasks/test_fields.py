"""Numbers, hours and yes or no, in every way that people and programs write them."""

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import Sentence
from helpdesk.tasks.change_messages import in_words
from helpdesk.tasks.checks import LONGEST_SUBJECT, MOST_HOURS, faults
from helpdesk.tasks.fields import CustomField, Kind, Option, fault, format_number, in_normal_form, is_day, parse_hours
from helpdesk.tasks.model import FieldChange
from helpdesk.texts import is_blank
from tests.servers.fixtures import unavailable

TO_HOURS = Path("/usr/share/redmine/lib/redmine/core_ext/string/conversions.rb")
RUBY = """
require 'json'
load ARGV[0]
String.include Redmine::CoreExt::String::Conversions
puts JSON.generate(JSON.parse(STDIN.read).map { |text| text.to_hours })
"""
WORDS = [
    f"{space}{hour}{unit}{between}{minute}{end}{space}"
    for hour in ("", "0", "1", "07", "12", "1.5", "1,25")
    for unit in ("", ":", "h", " h", "H", "hour", "hours", " HOURS", "ч")
    for between in ("", " ")
    for minute in ("", "5", "30", "90")
    for end in ("", "m", " min", "M", "x")
    for space in ("", " ")
]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1:30", 1.5),
        ("2h", 2),
        ("1h30", 1.5),
        ("1h30m", 1.5),
        (" 1 h 30 min ", 1.5),
        ("90m", 1.5),
        ("90min", 1.5),
        ("1,5", 1.5),
        ("1.5h", 1.5),
        ("8", 8),
        ("1 234,5", 1234.5),
        ("1 234,5", 1234.5),
        ("-1", -1),
        ("", None),
        ("полчаса", None),
        ("1:30:00", None),
        ("1 2", None),
        ("nan", None),
        ("1_000", None),
        ("١", None),
    ],
)
def test_hours_are_read_as_redmine_reads_them(written: str, number: float | None) -> None:
    assert parse_hours(written) == number


def test_hours_are_those_of_redmine_s_own_code() -> None:
    """What Redmine takes for hours is the same number here, and what it does not take is none here either."""
    if not (shutil.which("ruby") and TO_HOURS.exists()):
        unavailable("no Redmine on this machine")
    command = ["ruby", "-e", RUBY, str(TO_HOURS)]
    told = subprocess.run(command, input=json.dumps(WORDS), capture_output=True, text=True, timeout=60, check=True)
    differing = [
        (text, here, there)
        for text, there in zip(WORDS, json.loads(told.stdout), strict=True)
        if (here := parse_hours(text)) != there and (here is None or there is None or abs(here - there) > 1e-9)
    ]
    assert differing == []


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        *[("decimal", written, "1.5") for written in ("1.5", "1,5", " 1,5 ", "1:30", "1h30")],
        *[("decimal", f"1{space}234{space}567,25", "1234567.25") for space in " \u00a0\u202f\u2009"],
        ("decimal", "−0,5", "-0.5"),
        ("decimal", "+2", "+2"),
        ("decimal", ",5", "0.5"),
        ("decimal", "5.", "5"),
        ("decimal", "1,5e3", "1.5e3"),
        ("decimal", "0:20", "0.333333"),
        ("decimal", "2h", "2"),
        ("integer", "12\u00a0345", "12345"),
        ("integer", "−7", "-7"),
        *[("yes_no", written, "1") for written in ("1", "true", "True", "TRUE", "yes", "on", " Yes ")],
        *[("yes_no", written, "0") for written in ("0", "false", "False", "no", "off")],
    ],
)
def test_a_custom_field_takes_a_value_however_it_is_written(kind: Kind, written: str, kept: str) -> None:
    field = CustomField(1, "Поле", kind)
    assert in_normal_form(field, (written,)) == (kept,) and fault(field, (kept,)) is None


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        *[("decimal", written) for written in ("1,2,3", "1 2", "12 34,5", "много", "--1", "1.2.3", ",", "-", "1e")],
        *[("integer", written) for written in ("1,5", "1:30", "2h", "1 2")],
        *[("yes_no", written) for written in ("2", "да", "y", "truth")],
    ],
)
def test_a_value_of_another_kind_stays_as_typed_and_is_refused(kind: Kind, written: str) -> None:
    field = CustomField(1, "Поле", kind)
    assert in_normal_form(field, (written,)) == (written,) and fault(field, (written,)) is not None


@given(st.sampled_from(["text", "decimal", "integer", "yes_no"]), st.text(max_size=30))
def test_a_value_in_its_normal_form_is_left_alone(kind: Kind, written: str) -> None:
    field = CustomField(1, "Поле", kind)
    once = in_normal_form(field, (written,))
    assert in_normal_form(field, once) == once


@pytest.mark.parametrize(("number", "shown"), [(123456.75, "123456.75"), (999999.0, "999999"), (1 / 3, "0.333333")])
def test_no_digit_of_a_number_is_lost(number: float, shown: str) -> None:
    assert format_number(number) == shown


# Whether values may be written: true for everything that somebody may come up with, not only for examples


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
