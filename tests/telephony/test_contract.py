"""What every phone system must do: the demo's, and Finesse over an imitation."""

from collections.abc import AsyncIterator

import pytest

from helpdesk.telephony.phone import PhoneDeclined, PhoneRefused
from tests.telephony.stages import Finesse, Playable, Stage, staged, until


@pytest.fixture(params=["playable", "finesse"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    made = Playable() if request.param == "playable" else Finesse(request.getfixturevalue("finesse"))
    async with staged(made) as it:
        yield it


async def test_an_agent_signs_in_and_is_not_ready(stage: Stage) -> None:
    await stage.phone.sign_in(stage.who)
    await stage.becomes("NOT_READY")
    agent = await stage.phone.agent(stage.who)
    assert (agent.agent_id, agent.extension, agent.team_name) == (stage.who.agent_id, "1001", "Поддержка")
    assert agent.name and agent.since and agent.is_supervisor and not await stage.dialogs()


async def test_signing_in_again_keeps_the_state(stage: Stage) -> None:
    await stage.ready()
    await stage.phone.sign_in(stage.who)
    assert (await stage.phone.agent(stage.who)).state == "READY"


@pytest.mark.parametrize("ask", ["sign_in", "agent", "dialogs"])
async def test_a_wrong_password_is_refused(stage: Stage, ask: str) -> None:
    with pytest.raises(PhoneRefused):
        await getattr(stage.phone, ask)(stage.stranger)


async def test_an_agent_is_not_ready_for_a_reason(stage: Stage) -> None:
    await stage.ready()
    reason, *_ = await stage.phone.reasons(stage.who)
    await stage.phone.set_state(stage.who, "NOT_READY", reason.id)
    await stage.becomes("NOT_READY")
    assert (await stage.phone.agent(stage.who)).reason == reason.label == "Обед"


async def test_an_agent_signs_out_only_when_not_ready(stage: Stage) -> None:
    await stage.ready()
    with pytest.raises(PhoneDeclined):
        await stage.phone.set_state(stage.who, "LOGOUT")
    await stage.phone.set_state(stage.who, "NOT_READY")
    await stage.becomes("NOT_READY")
    await stage.phone.set_state(stage.who, "LOGOUT")
    await stage.becomes("LOGOUT")


async def test_a_ringing_call_shows_who_calls_and_by_which_queue(stage: Stage) -> None:
    await stage.ready()
    dialog = await stage.ring()
    own = dialog.own("1001")
    assert (dialog.from_number, dialog.to_number, dialog.queue) == ("+74951230117", "5500", "Поддержка")
    assert (dialog.state, dialog.call_type) == ("ALERTING", "ACD_IN")
    assert own and (own.state, own.actions) == ("ALERTING", ("ANSWER",)) and own.started_at
    assert (await stage.phone.agent(stage.who)).state == "RESERVED"


async def test_what_is_asked_comes_a_moment_later(stage: Stage) -> None:
    await stage.ready()
    dialog = await stage.ring()
    await stage.phone.act(stage.who, dialog.id, "ANSWER")
    own = await stage.own(dialog.id)
    assert own and own.state == "ALERTING"
    await stage.shows(dialog.id, "ACTIVE")
    assert (await stage.phone.agent(stage.who)).state == "TALKING"


async def test_a_call_is_held_taken_back_and_ended(stage: Stage) -> None:
    await stage.ready()
    call = await stage.talking()
    for action, state in (("HOLD", "HELD"), ("RETRIEVE", "ACTIVE"), ("DROP", "")):
        own = await stage.own(call)
        assert own and action in own.actions
        await stage.phone.act(stage.who, call, action)
        await stage.shows(call, state)
    await stage.becomes("READY")


async def test_digits_are_sent_in_a_call(stage: Stage) -> None:
    await stage.ready()
    call = await stage.talking()
    await stage.phone.act(stage.who, call, "SEND_DTMF", "12#")
    own = await stage.own(call)
    assert own and own.state == "ACTIVE"


async def test_a_call_is_passed_on_in_one_step(stage: Stage) -> None:
    await stage.ready()
    call = await stage.talking()
    await stage.phone.act(stage.who, call, "TRANSFER_SST", "1204")
    await stage.shows(call, "")
    assert not await stage.dialogs()


@pytest.mark.parametrize("action", ["TRANSFER", "CONFERENCE"])
async def test_a_consultation_is_joined_with_the_call(stage: Stage, action: str) -> None:
    await stage.ready()
    call = await stage.talking()
    await stage.phone.act(stage.who, call, "CONSULT_CALL", "1204")
    await stage.shows(call, "HELD")
    stage.let_the_other_end_answer()
    await until(lambda: _may(stage, call, action), f"{action} is allowed")
    assert len(await stage.dialogs()) == 2
    await stage.phone.act(stage.who, call, action)
    await stage.shows(call, "" if action == "TRANSFER" else "ACTIVE")
    assert len(await stage.dialogs()) == (0 if action == "TRANSFER" else 1)


async def _may(stage: Stage, call: str, action: str) -> bool:
    own = await stage.own(call)
    return own is not None and action in own.actions


async def test_a_number_is_dialled(stage: Stage) -> None:
    await stage.phone.sign_in(stage.who)
    await stage.becomes("NOT_READY")
    await stage.phone.dial(stage.who, "89035550142")

    async def is_there() -> bool:
        return bool(await stage.dialogs())

    await until(is_there, "the call")
    (dialog,) = await stage.dialogs()
    own = dialog.own("1001")
    assert own and (own.state, own.actions) == ("INITIATED", ("DROP",))
    assert (dialog.from_number, dialog.to_number, dialog.call_type) == ("1001", "89035550142", "OUT")


async def test_nobody_calls_themselves(stage: Stage) -> None:
    await stage.phone.sign_in(stage.who)
    await stage.becomes("NOT_READY")
    with pytest.raises(PhoneDeclined):
        await stage.phone.dial(stage.who, "1001")


async def test_a_call_that_is_over_is_not_acted_on(stage: Stage) -> None:
    await stage.ready()
    with pytest.raises(PhoneDeclined):
        await stage.phone.act(stage.who, "4711", "HOLD")


async def test_the_team_and_the_queues_are_told(stage: Stage) -> None:
    await stage.ready()
    team = {it.agent_id: it for it in await stage.phone.team(stage.who)}
    assert team[stage.who.agent_id].state == "READY" and team[stage.who.agent_id].team_name == "Поддержка"
    assert [(it.name, bool(it.waiting)) for it in await stage.phone.queues(stage.who)] == [
        ("Поддержка", True),
        ("Касса", False),
    ]
