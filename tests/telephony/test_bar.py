"""What the bar says of an agent's row: who the other end is, what may be done, and what was asked too long ago."""

from datetime import UTC, datetime, timedelta

import pytest

from helpdesk.store.models.telephony import PhoneAgent
from helpdesk.telephony.bar import asked_of, shown
from helpdesk.telephony.phone import Dialog, Participant

NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)


def asking(ago: float) -> PhoneAgent:
    asked_at = NOW - timedelta(seconds=ago)
    return PhoneAgent(agent_id="7", person_id=1, extension="1001", asked="HOLD", asked_to="", asked_at=asked_at)


@pytest.mark.parametrize(
    ("ago", "is_late"),
    [(0, False), (9.9, False), (10, True), (69, True), (71, None), (-1, None)],
)
def test_after_ten_seconds_nothing_came_and_after_a_minute_nobody_speaks_of_it(ago: float, is_late: bool) -> None:
    asked = asked_of(asking(ago), NOW)
    assert (asked and asked.is_late) == is_late


def test_an_agent_who_asked_nothing_is_told_nothing() -> None:
    assert asked_of(PhoneAgent(agent_id="7", person_id=1, extension="1001"), NOW) is None


@pytest.mark.parametrize(("ends", "number"), [(("1001", "1204"), "1204"), (("1204", "1001"), "1204")])
def test_a_call_is_named_by_its_other_end(ends: tuple[str, str], number: str) -> None:
    own, other = Participant("1001", "ACTIVE", ("DROP", "HOLD", "UNHEARD_OF")), Participant("1204", "ACTIVE")
    call = shown(Dialog("1", "ACTIVE", *ends, participants=(own, other)), "1001")
    assert (call.numbers, call.is_outgoing) == ((number,), ends[0] == "1001")
    assert call.actions == ("HOLD", "DROP"), "in the order of the buttons, without what we do not know"


@pytest.mark.parametrize("is_told", [True, False])
def test_a_caller_who_shows_the_number_of_the_agent_can_be_answered(is_told: bool) -> None:
    theirs = Participant("1001", "INITIATED", ("DROP",) * is_told)
    own = Participant("1001", "ALERTING", ("ANSWER",), is_agent=is_told)
    call = shown(Dialog("1", "ALERTING", "1001", "5500", participants=(theirs, own)), "1001")
    assert (call.numbers, call.is_outgoing, call.state, call.actions) == (("1001",), False, "ALERTING", ("ANSWER",))


def test_a_conference_is_named_by_all_others_and_a_dialog_without_an_own_end_allows_nothing() -> None:
    others = tuple(Participant(number, "ACTIVE", ("DROP",)) for number in ("1204", "1002"))
    assert shown(Dialog("1", "ACTIVE", "1204", "5500", participants=others), "1001")[1:7:5] == (("1204", "1002"), ())
    assert shown(Dialog("1", "ALERTING", "1204", "5500"), "1001").numbers == ("1204",)
    assert shown(Dialog("1", "ALERTING", "", "5500"), "1001").numbers == ()
