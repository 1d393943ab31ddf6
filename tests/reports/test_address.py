"""The address of a report: read, bounded, and written so that it is read the same again."""

from datetime import date
from urllib.parse import urlencode

import pytest

from helpdesk.errors import Invalid
from helpdesk.reports import address as addresses
from helpdesk.reports.address import Address
from helpdesk.reports.address_parser import parse
from helpdesk.reports.model import Choices
from helpdesk.reports.periods import Period
from helpdesk.tasks.fields import CustomField
from helpdesk.tasks.lists import Vocabulary

TODAY = date(2026, 11, 18)
WHOLE = Address(
    "",
    date(2026, 1, 1),
    date(2026, 3, 31),
    "week",
    ("executor", "cf_7"),
    (1, 2),
    (3,),
    (4,),
    (5,),
    (0, 6),
    ("Отдел «А» & Ко", "x=y"),
    ((7, "да=нет"), (7, "№ 2"), (9, "1")),
    "open",
    30,
    "1",
    "closed",
    ("6", ""),
    3,
)


def test_an_address_is_read_as_it_was_written() -> None:
    assert parse(WHOLE.query(page=3), TODAY) == WHOLE
    assert parse("", TODAY) == Address() and Address().query() == ""
    assert parse("period=last-month", TODAY).query() == "period=last-month"


def test_a_form_that_is_sent_empty_is_the_usual_report() -> None:
    empty = "period=12-months&since=&until=&by=&group=&group=&project_id=&executor_id=&department=&cf_7="
    assert parse(empty, TODAY) == Address()


def test_days_decide_over_a_preset_and_none_is_after_today() -> None:
    found = parse("period=week&since=2026-11-01&until=2026-12-31", TODAY)
    assert found.within(TODAY) == Period(date(2026, 11, 1), TODAY)
    assert found.within(date(2027, 1, 5)) == Period(date(2026, 11, 1), date(2026, 12, 31))


def test_a_preset_that_is_chosen_in_place_of_days_decides() -> None:
    days = "since=2026-10-01&until=2026-10-31"
    assert parse(f"instead=last-month&{days}", TODAY) == parse("period=last-month", TODAY)
    assert parse(f"instead=&{days}", TODAY) == parse(days, TODAY)
    with pytest.raises(Invalid) as refused:
        parse(f"instead=ever&{days}", TODAY)
    assert set(refused.value.fields) == {"instead"}


def test_one_day_alone_is_until_today_or_since_the_new_year() -> None:
    assert parse("since=2026-11-01", TODAY).within(TODAY) == Period(date(2026, 11, 1), TODAY)
    assert parse("until=2025-05-05", TODAY).within(TODAY) == Period(date(2025, 1, 1), date(2025, 5, 5))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=2026-11-10&until=2026-11-01", "until"),
        ("since=1926-11-10&until=2026-11-01", "since"),
        ("since=0001-01-01", "since"),
        ("since=2026-11-19", "since"),
        ("since=2026-11-01&until=9999-12-31", "until"),
        ("until=0001-01-01", "since"),
        ("since=yesterday", "since"),
        ("until=" + "9" * 5000, "until"),
        ("since=1980-01-01&until=2026-11-01&by=month", "by"),
        ("since=2025-01-01&until=2026-11-01&by=day", "by"),
        ("measure=open&since=1971-01-01&by=day", "by"),
        ("by=hour", "by"),
        ("period=decade", "period"),
        ("group=author", "group"),
        ("group=cf_x", "group"),
        ("group=cf_0", "group"),
        ("group=cf_" + "9" * 5000, "group"),
        ("group=project&group=tracker&group=status", "group"),
        ("project_id=x", "project_id"),
        ("tracker_id=-1", "tracker_id"),
        ("executor_id=٣", "executor_id"),
        ("status_id=99999999999", "status_id"),
        ("&".join(f"priority_id={n}" for n in range(101)), "priority_id"),
        ("&".join(f"x{n}=1" for n in range(301)), "form"),
        ("department=" + "x" * 501, "department"),
        ("cf_7=%00", "cf_7"),
        ("phase=later", "phase"),
        ("measure=lost", "measure"),
        ("page=x", "page"),
        ("days=" + "9" * 30, "days"),
        ("measure=open&group=project&cell=1&cell=2", "cell"),
        ("measure=open&group=project&cell=x", "cell"),
        ("measure=open&group=time&cell=3", "cell"),
    ],
)
def test_what_is_wrong_is_told_with_its_field(query: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse(query, TODAY)
    assert field in refused.value.fields


def test_what_is_not_divided_may_be_long() -> None:
    assert parse("measure=open&since=1971-01-01&by=day", TODAY, is_divided=False).since == date(1971, 1, 1)


def test_a_report_of_a_field_that_is_gone_says_so() -> None:
    fields = (CustomField(7, "Курорт", "list"), CustomField(8, "Текст", "long_text"))
    choices = Choices(Vocabulary((), (), (), ()), fields, ())
    addresses.check(parse("group=cf_7&cf_7=x", TODAY), choices)
    for query, field in (("group=cf_9", "group"), ("cf_9=x", "cf_9"), ("group=cf_8", "group")):
        with pytest.raises(Invalid) as refused:
            addresses.check(parse(query, TODAY), choices)
        assert set(refused.value.fields) == {field}


def test_the_second_group_of_the_form_has_a_name_of_its_own() -> None:
    assert parse("group=project&then=status", TODAY).groups == ("project", "status")
    assert parse("group=&then=status", TODAY).groups == ("status",)
    assert parse("group=project&then=project", TODAY).groups == ("project",)


def test_a_period_of_any_length_is_divided_so_that_it_fits() -> None:
    for since in ("2026-11-01", "2026-06-01", "2017-01-01", "1970-01-02"):
        assert parse(f"since={since}", TODAY)


def test_cells_are_values_of_groups() -> None:
    query = urlencode([("group", "executor"), ("group", "cf_7"), ("cell", "0"), ("cell", "")])
    assert parse(query, TODAY).cell() == {"executor": 0, "cf_7": ""}
