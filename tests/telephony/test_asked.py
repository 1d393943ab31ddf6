"""What answers what was asked: that it has come, or that it can't come any more; and nothing else."""

from typing import Any

import pytest

from helpdesk.telephony.asked import Asked, View, is_answered
from helpdesk.telephony.phone import Dialog, Participant
from tests.clocks import NOON

OWN = "1001"
EMPTY = View("READY", "", "", NOON, OWN, ())


def dialog(id: str = "1", mine: str = "ACTIVE", others: int = 1, **more: Any) -> Dialog:
    ends = (Participant(OWN, mine), *(Participant(f"+7{it}", "ACTIVE") for it in range(others)))
    return Dialog(id, "ACTIVE", "+70", "5500", participants=ends)._replace(**more)


def view(*dialogs: Dialog, **more: Any) -> View:
    return EMPTY._replace(dialogs=dialogs, **more)


MADE = dialog("2", "INITIATED", from_number=OWN, to_number="1002")
ANSWERED = [
    ("ANSWER", view(dialog(mine="ALERTING")), view(dialog())),
    ("HOLD", view(dialog()), view(dialog(mine="HELD"))),
    ("RETRIEVE", view(dialog(mine="HELD")), view(dialog())),
    ("DROP", view(dialog()), view(dialog(mine="WRAP_UP"))),
    ("SEND_DTMF", view(dialog()), view(dialog())),
    ("CONSULT_CALL", view(dialog()), view(dialog(mine="HELD"), MADE)),
    ("CONSULT_CALL", view(dialog(), MADE), view(dialog(mine="HELD"), MADE)),  # seen before it was noted
    ("CONFERENCE", view(dialog(mine="HELD"), MADE), view(dialog(others=2))),
    ("CONFERENCE", view(dialog(mine="HELD"), MADE), view(dialog())),
    ("MAKE_CALL", view(), view(MADE)),
    ("READY", view(state="NOT_READY"), view()),
    ("READY", view(state="TALKING"), view(state="TALKING", pending="READY")),
    ("NOT_READY", view(), view(state="NOT_READY")),
    ("NOT_READY", view(state="NOT_READY", reason="Обед"), view(state="NOT_READY", reason="Перерыв")),
    *((it, view(dialog()), view()) for it in ("HOLD", "DROP", "TRANSFER_SST", "TRANSFER", "CONFERENCE", "ANSWER")),
]
NOT_ANSWERED = [
    ("ANSWER", view(dialog(mine="ALERTING")), view(dialog(mine="ALERTING"))),
    ("HOLD", view(dialog()), view(dialog(), dialog("3"))),
    ("RETRIEVE", view(dialog(mine="HELD")), view(dialog(mine="HELD"))),
    ("DROP", view(dialog()), view(dialog(mine="HELD"))),
    ("TRANSFER_SST", view(dialog()), view(dialog(mine="HELD"))),
    ("TRANSFER", view(dialog(mine="HELD"), MADE), view(dialog(mine="HELD"))),
    ("CONSULT_CALL", view(dialog()), view(dialog(mine="HELD"), dialog("3"))),
    ("CONFERENCE", view(dialog(mine="HELD"), MADE), view(dialog(mine="HELD"), MADE)),
    ("MAKE_CALL", view(), view(dialog("3"))),
    ("READY", view(state="NOT_READY"), view(state="NOT_READY")),
    ("NOT_READY", view(state="NOT_READY"), view(state="NOT_READY")),
    ("NOT_READY", view(), view(state="TALKING")),
]


@pytest.mark.parametrize(("action", "before", "after"), ANSWERED)
def test_it_is_answered(action: str, before: View, after: View) -> None:
    assert is_answered(Asked(action, "1", "1002", NOON), before, after)


@pytest.mark.parametrize(("action", "before", "after"), NOT_ANSWERED)
def test_it_is_not_answered(action: str, before: View, after: View) -> None:
    assert not is_answered(Asked(action, "1", "1002", NOON), before, after)
