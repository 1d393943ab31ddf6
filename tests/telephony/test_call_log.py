"""The log of calls follows what is seen of them: when they began, were answered and ended, and how."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from helpdesk.store.models.telephony import PhoneCall
from helpdesk.telephony.asked import Asked
from helpdesk.telephony.call_log import Look, follow, ringing
from helpdesk.telephony.numbers import key_of
from helpdesk.telephony.phone import MOST_DIALOGS, MOST_ENDS, Dialog, Participant
from tests.clocks import NOON

OWN, CALLER, COLLEAGUE = "1001", "+79035550142", "1002"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def dialog(
    id: str, mine: str, theirs: str, other: str = CALLER, *, out: bool = False, state: str = "", times: bool = False
) -> Dialog:
    """A call; with `times` the phone system says that it began at 1 s and has changed at 3 s."""
    began, changed = (at(1), at(3)) if times else (None, None)
    ends = Participant(OWN, mine, (), began, changed), Participant(other, theirs, (), began, changed)
    numbers = (OWN, other) if out else (other, "5500")
    return Dialog(id, state or ("ALERTING" if "ALERTING" in (mine, theirs) else "ACTIVE"), *numbers, "Касса", "", ends)


@dataclass
class Followed:
    """The calls of an agent, looked at again and again."""

    calls: Sequence[PhoneCall] = ()
    before: datetime | None = None
    asked: Asked | None = None
    seen: set[int] = field(default_factory=set)

    def look(self, seconds: float, *dialogs: Dialog) -> PhoneCall:
        """Look, and return the newest call."""
        look = Look("anna", 7, OWN, at(seconds), self.before, self.asked, key_of)
        self.calls, self.before = follow(self.calls, dialogs, look), look.now
        return self.calls[-1]

    def ask(self, action: str, seconds: float, dialog_id: str = "1", to: str = "") -> None:
        self.asked = Asked(action, dialog_id, to, at(seconds))


@pytest.fixture
def phone() -> Followed:
    return Followed()


def shape(call: PhoneCall) -> tuple[str, str, datetime, datetime | None, datetime | None]:
    return call.direction, call.outcome, call.began_at, call.answered_at, call.ended_at


@pytest.mark.parametrize("is_told", [True, False])
def test_a_caller_who_shows_the_number_of_the_agent_calls_in(phone: Followed, is_told: bool) -> None:
    """Also where the phone system does not tell which end is an agent's phone, and where it rang unseen."""

    def spoofed(mine: str, theirs: str, *actions: str) -> Dialog:
        own = Participant(OWN, mine, actions, is_agent=is_told)
        return dialog("1", mine, theirs)._replace(
            from_number=OWN, participants=(Participant(OWN, theirs, ("DROP",) * is_told), own)
        )

    call = phone.look(0, spoofed("ALERTING", "INITIATED", "ANSWER"))
    assert (call.direction, call.answered_at) == ("in", None) and ringing(phone.calls) is call
    phone.look(5, spoofed("ACTIVE", "ACTIVE", "HOLD", "DROP"))
    phone.look(9)
    assert shape(call) == ("in", "answered", at(0), at(5), at(9))
    late = Followed().look(0, spoofed("ACTIVE", "ACTIVE", "HOLD", "DROP"))
    assert late.direction == "in"


def test_a_call_that_is_answered(phone: Followed) -> None:
    call = phone.look(0, dialog("1", "ALERTING", "INITIATED"))
    assert shape(call) == ("in", "", at(0), None, None) and ringing(phone.calls) is call
    assert (call.from_number, call.to_number, call.other_key, call.queue) == (CALLER, "5500", "9035550142", "Касса")
    assert (call.agent_id, call.person_id, call.dialog_id) == ("anna", 7, "1")
    phone.look(5, dialog("1", "ACTIVE", "ACTIVE"))
    phone.look(9, dialog("1", "HELD", "ACTIVE"))
    assert ringing(phone.calls) is None and call.ended_at is None
    phone.look(60)
    assert shape(call) == ("in", "answered", at(0), at(5), at(60)) and phone.calls == [call]


def test_times_are_those_of_the_phone_system_where_it_tells_them(phone: Followed) -> None:
    call = phone.look(2, dialog("1", "ALERTING", "INITIATED", times=True))
    phone.look(4, dialog("1", "ACTIVE", "ACTIVE", times=True))
    phone.look(8, dialog("1", "WRAP_UP", "DROPPED", times=True))
    assert shape(call) == ("in", "answered", at(1), at(3), at(3))
    phone.look(10, dialog("1", "WRAP_UP", "DROPPED", times=True))
    phone.look(12)
    assert call.ended_at == at(3) and len(phone.calls) == 1


def test_a_call_that_is_first_seen_when_it_is_over_was_answered_if_it_is_wrapped_up(phone: Followed) -> None:
    phone.look(8, dialog("1", "WRAP_UP", "DROPPED", times=True), dialog("2", "DROPPED", "DROPPED", times=True))
    assert [shape(it) for it in phone.calls] == [
        ("in", "answered", at(1), at(3), at(3)),
        ("in", "missed", at(1), None, at(3)),
    ]


def test_a_clock_that_is_ahead_does_not_count(phone: Followed) -> None:
    call = phone.look(0, dialog("1", "ACTIVE", "ACTIVE", times=True))
    assert shape(call) == ("in", "", at(0), at(0), None)


def test_a_call_that_nobody_answers_is_missed(phone: Followed) -> None:
    phone.look(0, dialog("1", "ALERTING", "INITIATED"))
    assert shape(phone.look(25)) == ("in", "missed", at(0), None, at(25))


@pytest.mark.parametrize("theirs", ["ALERTING", "INITIATED"])
def test_a_call_that_the_other_end_does_not_answer(phone: Followed, theirs: str) -> None:
    phone.look(0, dialog("1", "INITIATED", theirs, out=True))
    call = phone.look(2, dialog("1", "ACTIVE", theirs, out=True))
    assert call.answered_at is None and ringing(phone.calls) is None and call.other_key == "9035550142"
    assert shape(phone.look(30)) == ("out", "no_answer", at(0), None, at(30))


def test_a_call_that_the_other_end_answers(phone: Followed) -> None:
    phone.look(0, dialog("1", "INITIATED", "ALERTING", out=True))
    phone.look(4, dialog("1", "ACTIVE", "ACTIVE", out=True))
    assert shape(phone.look(30)) == ("out", "answered", at(0), at(4), at(30))


def test_a_call_that_fails(phone: Followed) -> None:
    phone.look(0, dialog("1", "INITIATED", "ALERTING", out=True))
    call = phone.look(2, dialog("1", "INITIATED", "DROPPED", out=True, state="FAILED"))
    assert shape(call) == ("out", "failed", at(0), None, at(2))
    phone.look(4)
    assert len(phone.calls) == 1


def test_a_call_that_is_transferred_at_once(phone: Followed) -> None:
    phone.look(0, dialog("1", "ACTIVE", "ACTIVE"))
    phone.ask("TRANSFER_SST", 10, to=COLLEAGUE)
    call = phone.look(11)
    assert (call.outcome, call.passed_to) == ("transferred", COLLEAGUE)


def test_a_transfer_that_came_to_nothing_is_none(phone: Followed) -> None:
    """The call goes on, and ends long after, or another one ends."""
    phone.look(0, dialog("1", "ACTIVE", "ACTIVE"), dialog("2", "HELD", "ACTIVE"))
    phone.ask("TRANSFER_SST", 10, to=COLLEAGUE)
    phone.look(12, dialog("1", "ACTIVE", "ACTIVE"))
    phone.look(31)
    assert [(it.outcome, it.passed_to) for it in phone.calls] == [("answered", ""), ("answered", "")]


@pytest.mark.parametrize("asked_in", ["1", "2"])
@pytest.mark.parametrize("left", [(), ("2",)])
def test_a_call_that_is_transferred_after_a_consultation(phone: Followed, asked_in: str, left: tuple[str, ...]) -> None:
    """Whichever of the two it was asked of, and whether both go at once or the caller first."""
    consult = dialog("2", "ACTIVE", "ACTIVE", COLLEAGUE, out=True)
    phone.look(0, dialog("1", "ACTIVE", "ACTIVE"))
    phone.look(5, dialog("1", "HELD", "ACTIVE"), consult)
    phone.ask("TRANSFER", 10, asked_in)
    phone.look(11, *(consult for _ in left))
    phone.look(13)
    assert [(it.outcome, it.passed_to) for it in phone.calls] == [("transferred", COLLEAGUE), ("answered", "")]


def test_a_conference_is_one_call_that_goes_on(phone: Followed) -> None:
    phone.look(0, dialog("1", "HELD", "ACTIVE"), dialog("2", "ACTIVE", "ACTIVE", COLLEAGUE, out=True))
    phone.ask("CONFERENCE", 10)
    both = dialog("1", "ACTIVE", "ACTIVE")
    phone.look(11, both._replace(participants=(*both.participants, Participant(COLLEAGUE, "ACTIVE"))))
    assert [(it.outcome, it.ended_at) for it in phone.calls] == [("", None), ("answered", at(11))]


def test_a_call_that_ended_while_nobody_looked_ended_when_it_was_seen_last(phone: Followed) -> None:
    phone.look(0, dialog("1", "ACTIVE", "ACTIVE"), dialog("2", "ALERTING", "INITIATED"))
    phone.look(3_600)
    assert [(it.outcome, it.ended_at) for it in phone.calls] == [("answered", at(0)), ("lost", at(0))]


def test_a_call_that_was_lost_for_a_moment_goes_on(phone: Followed) -> None:
    phone.look(0, dialog("1", "ACTIVE", "ACTIVE"))
    phone.look(2)
    call = phone.look(4, dialog("1", "ACTIVE", "ACTIVE"))
    assert shape(call) == ("in", "", at(0), at(0), None) and len(phone.calls) == 1


def test_a_dialog_of_the_same_number_may_be_another_call(phone: Followed) -> None:
    phone.look(0, dialog("1", "ACTIVE", "ACTIVE"))
    phone.look(2)
    phone.look(60, dialog("1", "ALERTING", "INITIATED", "+74951230117"))
    assert [it.outcome for it in phone.calls] == ["answered", ""]


def test_a_dialog_that_began_after_the_end_is_another_call_whoever_calls(phone: Followed) -> None:
    """As after a phone system has started anew, and counts from the beginning."""
    phone.look(0.5, dialog("1", "ALERTING", "INITIATED"))
    phone.look(0.75)
    phone.look(6, dialog("1", "ALERTING", "INITIATED", times=True))
    assert [it.outcome for it in phone.calls] == ["missed", ""] and ringing(phone.calls) is phone.calls[-1]


def test_a_dialog_that_began_at_the_same_moment_is_the_same_call_whoever_calls(phone: Followed) -> None:
    """It would be no other row in the store."""
    phone.look(2, dialog("1", "ALERTING", "INITIATED", times=True))
    phone.look(4)
    call = phone.look(6, dialog("1", "ACTIVE", "ACTIVE", COLLEAGUE, times=True))
    assert len(phone.calls) == 1 and (call.from_number, call.ended_at) == (COLLEAGUE, None)


def test_who_is_passed_on_by_a_colleague_is_another_caller(phone: Followed) -> None:
    call = phone.look(0, dialog("1", "ACTIVE", "ACTIVE", COLLEAGUE))
    call.caller_id = 5
    phone.look(2, dialog("1", "ACTIVE", "ACTIVE", COLLEAGUE))
    assert call.caller_id == 5
    phone.look(4, dialog("1", "ACTIVE", "ACTIVE"))
    assert (call.other_key, call.caller_id, call.from_number) == ("9035550142", None, CALLER)


def test_a_clock_that_is_behind_does_not_count_in_what_is_followed(phone: Followed) -> None:
    """It may count in the first look at an agent: nobody knows then when a call began."""
    behind = 7_200
    phone.before = at(behind)
    for now, mine in ((behind + 2, "ALERTING"), (behind + 6, "ACTIVE"), (behind + 36, "WRAP_UP")):
        phone.look(now, dialog("1", mine, "ACTIVE", times=True))
    for now in (behind + 38, behind + 300):
        phone.look(now, dialog("1", "WRAP_UP", "ACTIVE", times=True))
    (call,) = phone.calls
    assert shape(call) == ("in", "answered", at(behind + 2), at(behind + 6), at(behind + 36))


def test_a_call_that_is_wrapped_up_for_long_is_one_where_the_clock_is_ahead(phone: Followed) -> None:
    phone.before = at(-900)
    for now, mine in ((-890, "ALERTING"), (-880, "ACTIVE"), (-870, "WRAP_UP"), (-860, "WRAP_UP"), (-700, "WRAP_UP")):
        phone.look(now, dialog("1", mine, "ACTIVE", times=True))
    assert [shape(it) for it in phone.calls] == [("in", "answered", at(-890), at(-880), at(-870))]


def test_a_number_of_a_dialog_that_comes_again_long_after_is_another_call(phone: Followed) -> None:
    """Though the same one calls, and nobody says since when."""
    phone.look(0, dialog("1", "ACTIVE", "ACTIVE"))
    phone.look(34)
    phone.look(34 + 121, dialog("1", "ALERTING", "INITIATED"))
    assert [it.outcome for it in phone.calls] == ["answered", ""]


def test_a_call_of_others_is_not_the_agents(phone: Followed) -> None:
    others = Dialog("9", "ALERTING", "2005", "2006", participants=(Participant("2005", "A"), Participant("2006", "B")))
    with pytest.raises(IndexError):  # there is no call
        phone.look(0, others)
    phone.look(2, others._replace(from_number=OWN))
    assert [it.direction for it in phone.calls] == ["out"]


def test_a_call_that_the_agent_has_left_is_over(phone: Followed) -> None:
    call = phone.look(0, dialog("1", "ACTIVE", "ACTIVE"))
    phone.look(9, Dialog("1", "ACTIVE", CALLER, COLLEAGUE, participants=(Participant(CALLER, "ACTIVE"),)))
    assert shape(call) == ("in", "answered", at(0), at(0), at(9))


def test_a_large_conference_of_which_not_all_ends_are_read_goes_on(phone: Followed) -> None:
    call = phone.look(0, dialog("1", "ACTIVE", "ACTIVE"))
    ends = tuple(Participant(str(it), "ACTIVE") for it in range(MOST_ENDS))
    phone.look(2, dialog("1", "ACTIVE", "ACTIVE")._replace(participants=ends))
    assert call.ended_at is None


def test_calls_of_which_not_all_are_read_go_on(phone: Followed) -> None:
    many = [dialog(str(it), "HELD", "ACTIVE") for it in range(MOST_DIALOGS + 5)]
    phone.look(0, *many[:MOST_DIALOGS])
    phone.look(2, *many[5:])
    assert [it.ended_at for it in phone.calls] == [None] * (MOST_DIALOGS + 5)
    phone.look(4, *many[6:])
    assert sum(it.ended_at == at(4) for it in phone.calls) == 6


@pytest.mark.parametrize(("asked", "to"), [("TRANSFER_SST", COLLEAGUE), ("TRANSFER", "")])
def test_a_transfer_that_came_to_nothing_is_none_when_the_caller_hangs_up(phone: Followed, asked: str, to: str) -> None:
    """Within the time in which a transfer may come: the calls were seen going on."""
    both = dialog("1", "HELD", "ACTIVE"), dialog("2", "ACTIVE", "ACTIVE", COLLEAGUE, out=True)
    phone.look(0, both[0])
    phone.look(5, *both)
    phone.ask(asked, 10, to=to)
    phone.look(19, *both)
    phone.look(21)
    assert [(it.outcome, it.passed_to) for it in phone.calls] == [("answered", "")] * 2


def test_a_transfer_is_none_when_the_caller_hangs_up_and_the_consultation_goes_on(phone: Followed) -> None:
    both = dialog("1", "HELD", "ACTIVE"), dialog("2", "ACTIVE", "ACTIVE", COLLEAGUE, out=True)
    phone.look(0, both[0])
    phone.look(5, *both)
    phone.ask("TRANSFER", 10)
    for now in (11, 13, 16, 18):
        phone.look(now, both[1])
    phone.look(20)
    assert [(it.outcome, it.passed_to) for it in phone.calls] == [("answered", "")] * 2


def test_a_call_of_an_agent_whose_end_is_not_named(phone: Followed) -> None:
    nameless = Dialog("1", "ALERTING", CALLER, "5500")
    call = phone.look(0, nameless)
    assert call.answered_at is None
    phone.look(2, nameless._replace(state="ACTIVE"))
    assert call.answered_at == at(2)


def test_texts_of_any_length_fit(phone: Followed) -> None:
    call = phone.look(0, Dialog("1", "ACTIVE", "9" * 500, "8" * 500, "q" * 500))
    assert [len(it) for it in (call.from_number, call.to_number, call.queue)] == [40, 40, 100]
    assert (
        len(call.other_key) <= 20 and len((phone.look(2, Dialog("1", "ACTIVE", "9" * 500, "8")), phone.calls)[1]) == 1
    )
