"""The phone system's words as people read them."""

import pytest

from helpdesk.languages import LANGUAGES, say
from helpdesk.telephony import phone, words

AGENT_STATES = [
    *("LOGOUT", "NOT_READY", "READY", "RESERVED", "RESERVED_OUTBOUND", "RESERVED_OUTBOUND_PREVIEW"),
    *("TALKING", "HOLD", "WORK", "WORK_READY", "UNKNOWN"),
]
DIALOG_STATES = ["INITIATING", "INITIATED", "ALERTING", "ACTIVE", "FAILED", "DROPPED", "ACCEPTED", "HELD", "WRAP_UP"]
"""All that Cisco's documents name."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_state_has_words_of_its_own(language: str) -> None:
    agents = [say(language, words.agent_state(it).text) for it in AGENT_STATES]
    dialogs = [say(language, words.dialog_state(it)) for it in DIALOG_STATES]
    assert len(set(agents)) == len(AGENT_STATES) and len(set(dialogs)) == len(DIALOG_STATES)
    assert {words.agent_state(it).look for it in AGENT_STATES} == set(words.LOOKS)


def test_only_who_is_ready_looks_free() -> None:
    assert [it for it in AGENT_STATES if words.agent_state(it).look == words.FREE] == ["READY"]


def test_every_action_has_a_label() -> None:
    asked = {*phone.ACTIONS, phone.MAKE_CALL, phone.READY, phone.NOT_READY, phone.LOGOUT}
    assert {it for it in asked if words.action(it) == words.UNKNOWN} == set()


def test_a_word_that_nobody_knows_is_unknown() -> None:
    assert words.agent_state("<b>").text == words.dialog_state("") == words.action("x") == words.UNKNOWN
    assert words.agent_state("").look == words.AWAY
