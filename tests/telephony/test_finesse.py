"""The adapter of Finesse over an imitation: two nodes, hard answers, passwords, certificates.

A real Finesse may differ. The last test asks one, if HELPDESK_FINESSE_TEST_URL names it.
"""

import asyncio
import logging
import os
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from helpdesk import tls
from helpdesk.errors import HelpdeskError
from helpdesk.telephony.finesse import client as client_module
from helpdesk.telephony.finesse.failures import BUSY, NO_CALL, NO_DESTINATION, NOT_IN_THIS_STATE
from helpdesk.telephony.finesse.phone import ELSEWHERE, FinessePhone
from helpdesk.telephony.phone import (
    BadPhoneResponse,
    Credentials,
    PhoneDeclined,
    PhoneRefused,
    PhoneUnanswered,
    PhoneUnavailable,
    Queue,
    Reason,
)
from tests.servers.answering import Answer, Request
from tests.servers.certificates import Authority
from tests.servers.imitated_finesse import CUTS, HANGS, OK, OUT_OF_SERVICE, XML, ImitatedFinesse, imitated_finesse
from tests.servers.process import free_port
from tests.telephony.stages import AGENT, EXTENSION, PASSWORD, Finesse, staged, until

PATIENCE = 4.6
"""Within which every call must have ended, with something to spare for a busy machine."""
SIGN_OUT_STATE = "LOGOUT"


@pytest.fixture
async def stage(finesse: ImitatedFinesse) -> AsyncIterator[Finesse]:
    async with staged(Finesse(finesse)) as it:
        assert isinstance(it, Finesse)
        yield it


@pytest.fixture(autouse=True)
def no_secret_is_logged(caplog: pytest.LogCaptureFixture) -> object:
    """Whatever happens, no password and no header stands in the log."""
    caplog.set_level(logging.DEBUG)
    yield
    told = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert PASSWORD not in told and "Basic " not in told and "falsch" not in told


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter time-outs, in the same proportion."""
    for name in ("TOTAL_SECONDS", "CONNECT_SECONDS"):
        monkeypatch.setattr(client_module, name, getattr(client_module, name) / 4)


def first_answers(stage: Finesse, answer: Answer, path: str = "") -> None:
    """Let both nodes answer so where the path ends with this."""

    def told(request: Request) -> Answer | None:
        return answer if request.path.endswith(path) else None

    for node in stage.server.nodes:
        node.told = told


async def failing(asked: Coroutine[object, object, object]) -> HelpdeskError:
    began = time.monotonic()
    with pytest.raises(HelpdeskError) as caught:
        await asked
    assert time.monotonic() - began < PATIENCE
    assert PASSWORD not in f"{caught.value} {caught.value.detail} {caught.value.message}"
    return caught.value


# What is sent


async def test_numbers_are_written_as_text_and_never_as_markup(stage: Finesse) -> None:
    await stage.ready()
    call = await stage.talking()
    evil = "1</toAddress><requestedAction>DROP</requestedAction><toAddress>&\"'"
    await stage.phone.act(stage.who, call, "TRANSFER_SST", evil)
    sent = stage.server.seen[-1].body
    assert b"&lt;/toAddress&gt;" in sent and sent.count(b"<requestedAction>") == 1
    await stage.phone.act(stage.who._replace(extension="1001"), call, "SEND_DTMF", "<&>")
    assert b"<value>&lt;&amp;&gt;</value>" in stage.server.seen[-1].body


async def test_a_dialog_id_and_an_agent_id_stay_one_part_of_the_path(stage: Finesse) -> None:
    await failing(stage.phone.act(stage.who, "1/../../User/7?x=1#y", "HOLD"))
    assert stage.server.seen[-1].path == "/finesse/api/Dialog/1%2F..%2F..%2FUser%2F7%3Fx%3D1%23y"
    await failing(stage.phone.agent(stage.who._replace(agent_id="a/b")))
    assert stage.server.seen[-1].path == "/finesse/api/User/a%2Fb"


async def test_the_proxies_of_the_environment_are_left_alone(stage: Finesse, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    assert (await stage.phone.agent(stage.who)).state == SIGN_OUT_STATE


async def test_no_cookie_is_sent_back(phone_authority: Authority) -> None:
    """An address in numbers would get none anyway, so this one has a name."""
    cookies: list[str] = []

    def told(request: Request) -> Answer | None:
        cookies.append(request.headers.get("cookie", ""))
        return Answer(200, {**XML, "Set-Cookie": "JSESSIONID=1; Path=/"}, b"<Dialogs/>")

    with imitated_finesse(phone_authority, phone_authority.server_context("DNS:localhost")) as server:
        server.nodes[0].told = told
        url = server.nodes[0].url.replace("127.0.0.1", "localhost")
        phone = FinessePhone([url], tls.context(phone_authority.file))
        for _ in range(2):
            assert await phone.dialogs(Credentials(AGENT, PASSWORD, EXTENSION)) == ()
        await phone.close()
    assert cookies == ["", ""]


async def test_a_closed_phone_connects_no_more(stage: Finesse) -> None:
    await stage.phone.close()
    assert isinstance(await failing(stage.phone.agent(stage.who)), PhoneUnavailable)
    assert not stage.server.seen


# What comes back


@pytest.mark.parametrize("case", ["documented", "lower", "upper"])
async def test_the_case_of_element_names_does_not_matter(stage: Finesse, case: str) -> None:
    stage.server.case = case
    await stage.ready()
    dialog = await stage.ring()
    agent = await stage.phone.agent(stage.who)
    assert (dialog.queue, dialog.own(EXTENSION) is not None) == ("Поддержка", True)
    assert (agent.name, agent.team_id, agent.is_supervisor) == ("Котова Анна", "500", True)
    assert await stage.phone.queues(stage.who) == (
        Queue("Поддержка", 2, (await stage.phone.queues(stage.who))[0].longest_since),
        Queue("Касса", None),
    )
    assert (await stage.phone.reasons(stage.who))[0] == Reason("16", "Обед")


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (98 + i, *[97 + i] * 8) for i in range(9))
    + b"]><Dialogs>&j;</Dialogs>"
)
EXTERNAL = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Dialogs><Dialog>&x;</Dialog></Dialogs>'
NONSENSE = {
    "an entity bomb": BOMB,
    "an outside entity": EXTERNAL,
    "a page": b"<html><body>Sign in</body></html>",
    "a page that is no XML": b"<!doctype html><p>Sign in<br>",
    "broken": b"<Dialogs><Dialog>",
    "empty": b"",
    "deep": b"<Dialogs>" + b"<a>" * 15_000 + b"</a>" * 15_000 + b"</Dialogs>",
    "many elements": b"<Dialogs>" + b"<a/>" * 100_000 + b"</Dialogs>",
    "more than a megabyte": b"<Dialogs>" + b" " * 2**20 + b"</Dialogs>",
    "many attributes": b"<Dialogs " + b" ".join(b'x%d=""' % number for number in range(80_000)) + b"/>",
    "a long text": b"<Dialogs><Dialog>" + b"7" * 100_000 + b"</Dialog></Dialogs>",
    "another root": b"<User/>",
    "JSON": b'{"Dialogs": []}',
    "bytes of no text": b"\xff\xfe\x00\x01<Dialogs/>",
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><Dialogs/>',
    "compressed unasked": b"\x1f\x8b\x08\x00",
}


@pytest.mark.parametrize("name", NONSENSE)
async def test_nonsense_is_told_apart(stage: Finesse, name: str) -> None:
    await stage.phone.sign_in(stage.who)
    first_answers(stage, Answer(200, XML, NONSENSE[name]), "/Dialogs")
    assert isinstance(await failing(stage.dialogs()), BadPhoneResponse)
    first_answers(stage, Answer(200, XML, b"<Dialogs/>"), "/Dialogs")
    assert await stage.dialogs() == ()


async def test_what_is_odd_in_an_answer_is_left_out_and_what_is_long_is_cut(stage: Finesse) -> None:
    end = "<Participant><mediaAddress>1001</mediaAddress><state>ACTIVE</state><actions>{}</actions></Participant>"
    actions = "<action>DROP</action><action>rm -rf</action><action>NEW_ONE</action>" + "<action>HOLD</action>" * 25
    voice = (
        f"<Dialog><id>7</id><fromAddress>{'9' * 200}</fromAddress><state>&#x202e;ACTIVE</state><mediaProperties>"
        f"<queueName>{'Ы' * 300}&#7;</queueName></mediaProperties>"
        f"<participants>{end.format(actions) * 12}</participants></Dialog>"
    ).replace("&#7;", "")
    chat = "<Dialog><id>151_2_1</id><state>ACTIVE</state></Dialog>"
    body = f"<Dialogs>{chat}{voice * 25}</Dialogs>"
    first_answers(stage, Answer(200, XML, body.encode()), "/Dialogs")
    found = await stage.dialogs()
    assert len(found) == 20 and {it.id for it in found} == {"7"}
    dialog = found[0]
    assert (len(dialog.from_number), len(dialog.queue), len(dialog.participants)) == (40, 100, 10)
    own = dialog.own("1001")
    assert own and own.actions[:3] == ("DROP", "NEW_ONE", "HOLD") and len(own.actions) == 20
    assert dialog.state == "ACTIVE"


FAR = ["2026", "9999-12-31T23:59:59Z", "0001-01-02T00:00:00Z", "2020-01-01T00:00:00Z"]
"""No page could show some of them in another time zone."""


@pytest.mark.parametrize("moment", ["", "gestern", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00+14:00", *FAR])
async def test_a_moment_that_is_none_is_not_told(stage: Finesse, moment: str) -> None:
    body = f"<User><state>READY</state><stateChangeTime>{moment}</stateChangeTime></User>"
    first_answers(stage, Answer(200, XML, body.encode()))
    agent = await stage.phone.agent(stage.who)
    assert agent.state == "READY" and agent.since is None


async def test_an_agent_without_a_state_is_no_answer(stage: Finesse) -> None:
    first_answers(stage, Answer(200, XML, b"<User><state>not a word</state></User>"))
    assert isinstance(await failing(stage.phone.agent(stage.who)), BadPhoneResponse)


async def test_unchanged_answers_are_not_read_again(stage: Finesse) -> None:
    await stage.ready()
    await stage.ring()
    before, agent = await stage.dialogs(), await stage.phone.agent(stage.who)
    assert await stage.dialogs() is before and await stage.phone.agent(stage.who) is agent
    stage.server.hang_up(before[0].id)
    assert await stage.dialogs() == ()


# Refusals

KINDS = {
    "Invalid Destination": NO_DESTINATION,
    "Invalid State": NOT_IN_THIS_STATE,
    "Device Busy": BUSY,
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_refusal_is_told_in_our_words(stage: Finesse, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    await stage.ready()
    call = await stage.talking()
    stage.server.fail_next("TRANSFER_SST", kind)
    error = await failing(stage.phone.act(stage.who, call, "TRANSFER_SST", "9"))
    assert isinstance(error, PhoneDeclined) and error.message == KINDS[kind]
    assert "CF_TOLD_TO_FAIL" not in str(error)
    assert any("CF_TOLD_TO_FAIL" in str(vars(record)) for record in caplog.records)


async def test_an_unknown_refusal_is_a_refusal(stage: Finesse) -> None:
    await stage.ready()
    call = await stage.talking()
    stage.server.fail_next("HOLD", "Generic Error")
    error = await failing(stage.phone.act(stage.who, call, "HOLD"))
    assert isinstance(error, PhoneDeclined) and error.message == PhoneDeclined.default


async def test_a_call_that_is_over_is_said_to_be(stage: Finesse) -> None:
    assert (await failing(stage.phone.act(stage.who, "4711", "HOLD"))).message == NO_CALL


async def test_what_fails_in_the_exchange_shows_only_in_that_nothing_comes(stage: Finesse) -> None:
    await stage.ready()
    call = await stage.talking()
    stage.server.fail_next("TRANSFER_SST")
    await stage.phone.act(stage.who, call, "TRANSFER_SST", "9")
    await stage.phone.act(stage.who, call, "HOLD")
    await stage.shows(call, "HELD")


async def test_digits_in_a_held_call_say_nothing_against_the_password(stage: Finesse) -> None:
    """The documents give this refusal status 401."""
    await stage.ready()
    call = await stage.talking()
    await stage.phone.act(stage.who, call, "HOLD")
    await stage.shows(call, "HELD")
    error = await failing(stage.phone.act(stage.who, call, "SEND_DTMF", "1"))
    assert isinstance(error, PhoneDeclined) and error.message == NOT_IN_THIS_STATE
    assert (await stage.own(call)) is not None


async def test_an_agent_is_not_moved_from_another_extension(stage: Finesse) -> None:
    await stage.phone.sign_in(stage.who)
    await stage.becomes("NOT_READY")
    error = await failing(stage.phone.sign_in(stage.who._replace(extension="1099")))
    assert isinstance(error, PhoneDeclined) and error.message == ELSEWHERE


async def test_a_forced_logout_is_seen(stage: Finesse) -> None:
    await stage.ready()
    stage.server.force_logout(AGENT)
    agent = await stage.phone.agent(stage.who)
    assert (agent.state, agent.reason) == ("LOGOUT", "Forced logout")


@pytest.mark.parametrize("status", [401, 403, 404, 501])
async def test_a_phone_system_that_tells_no_team_and_no_queues_has_none(stage: Finesse, status: int) -> None:
    body = b"<ApiErrors><ApiError><ErrorType>Authorization Failure</ErrorType></ApiError></ApiErrors>"

    def told(request: Request) -> Answer | None:
        is_more = any(part in request.path for part in ("/Team/", "/Queues", "/ReasonCodes"))
        return Answer(status, XML, body if status == 401 else b"") if is_more else None

    for node in stage.server.nodes:
        node.told = told
    for _ in range(2):
        assert not await stage.phone.team(stage.who) and not await stage.phone.queues(stage.who)
        assert not await stage.phone.reasons(stage.who)
    asked = [it.path for it in stage.server.seen]
    assert sum("/Queues" in path for path in asked) == 1, "what is not told is not asked for each time"
    assert (await stage.phone.agent(stage.who)).state == SIGN_OUT_STATE


# Passwords


async def test_a_refused_password_is_not_sent_twice(stage: Finesse) -> None:
    for ask in (stage.phone.agent, stage.phone.dialogs, stage.phone.sign_in, stage.phone.queues):
        assert isinstance(await failing(ask(stage.stranger)), PhoneRefused)
    assert stage.server.checks[AGENT] == 1
    assert (await stage.phone.agent(stage.who)).state == SIGN_OUT_STATE


async def test_a_refused_password_is_not_sent_to_the_other_node(stage: Finesse) -> None:
    await failing(stage.phone.agent(stage.stranger))
    assert {it.node for it in stage.server.seen} == {0}


async def test_a_wrong_password_is_found_where_rights_could_be_missing_too(stage: Finesse) -> None:
    assert isinstance(await failing(stage.phone.queues(stage.stranger)), PhoneRefused)
    await failing(stage.phone.queues(stage.stranger))
    assert stage.server.checks[AGENT] == 1


async def test_a_password_that_was_changed_is_checked_little_however_much_is_asked_at_once(stage: Finesse) -> None:
    """Lists, news and a button at the same time; five lock the agent."""
    await stage.ready()
    await stage.phone.queues(stage.who)
    stage.server.agents[AGENT].password = "another"
    fresh = FinessePhone(stage.server.url.split(","), tls.context(stage.server.authority.file))
    for phone, most in ((stage.phone, 3), (fresh, 1)):
        before = stage.server.checks[AGENT]
        asked = [ask(stage.who) for ask in (phone.reasons, phone.queues, phone.team, phone.dialogs, phone.agent) * 3]
        asked += [phone.set_state(stage.who, "NOT_READY") for _ in range(3)]
        await asyncio.gather(*asked, return_exceptions=True)
        assert stage.server.checks[AGENT] - before <= most
        assert isinstance(await failing(phone.agent(stage.who)), PhoneRefused)
    await fresh.close()


async def test_five_wrong_passwords_lock_the_agent_of_the_imitation(stage: Finesse) -> None:
    for number in range(5):
        await failing(stage.phone.agent(stage.who._replace(password=f"falsch-{number}")))
    assert isinstance(await failing(stage.phone.agent(stage.who)), PhoneRefused)


# Nodes


@pytest.mark.parametrize("mode", [OUT_OF_SERVICE, CUTS, HANGS])
@pytest.mark.usefixtures("impatient")
async def test_the_other_node_is_asked_and_remembered(stage: Finesse, mode: str) -> None:
    """One that took the question may have checked the password: then only the next question goes elsewhere."""
    await stage.phone.agent(stage.who)
    stage.server.nodes[0].mode = mode
    began = time.monotonic()
    if mode != OUT_OF_SERVICE:
        assert isinstance(await failing(stage.phone.agent(stage.who)), PhoneUnanswered)
        assert [it.node for it in stage.server.seen] == [0, 0]
    assert (await stage.phone.agent(stage.who)).state == SIGN_OUT_STATE
    assert time.monotonic() - began < PATIENCE
    before = len(stage.server.seen)
    await stage.phone.agent(stage.who)
    assert [it.node for it in list(stage.server.seen)[before:]] == [1]
    stage.server.nodes[0].mode, stage.server.nodes[1].mode = OK, mode
    if mode != OUT_OF_SERVICE:
        assert isinstance(await failing(stage.phone.agent(stage.who)), PhoneUnanswered)
    assert (await stage.phone.agent(stage.who)).state == SIGN_OUT_STATE


@pytest.mark.parametrize("answer", [Answer(401, XML, b"", after=30), Answer(hangs=True), Answer(cuts=True)])
@pytest.mark.usefixtures("impatient")
async def test_a_wrong_password_is_checked_once_however_slow_the_nodes_are(stage: Finesse, answer: Answer) -> None:
    first_answers(stage, answer)
    for ask in (stage.phone.sign_in, stage.phone.agent, stage.phone.dialogs):
        before = len(stage.server.seen)
        assert isinstance(await failing(ask(stage.stranger)), PhoneUnanswered)
        assert len(stage.server.seen) == before + 1


async def test_what_was_surely_not_asked_is_told_apart(finesse: ImitatedFinesse) -> None:
    phone = FinessePhone([f"https://127.0.0.1:{free_port()}" for _ in "12"], tls.context(finesse.authority.file))
    error = await failing(phone.agent(Credentials(AGENT, PASSWORD, EXTENSION)))
    assert isinstance(error, PhoneUnavailable) and not isinstance(error, PhoneUnanswered)
    for node in finesse.nodes:
        node.mode = OUT_OF_SERVICE
    served = FinessePhone(finesse.url.split(","), tls.context(finesse.authority.file))
    error = await failing(served.agent(Credentials(AGENT, PASSWORD, EXTENSION)))
    assert isinstance(error, PhoneUnavailable) and not isinstance(error, PhoneUnanswered)
    await phone.close()
    await served.close()


@pytest.mark.parametrize("mode", [OUT_OF_SERVICE, CUTS, HANGS])
@pytest.mark.usefixtures("impatient")
async def test_a_phone_system_without_a_node_in_service_does_not_answer(stage: Finesse, mode: str) -> None:
    await stage.phone.sign_in(stage.who)
    for node in stage.server.nodes:
        node.mode = mode
    assert isinstance(await failing(stage.phone.agent(stage.who)), PhoneUnavailable)
    assert isinstance(await failing(stage.phone.set_state(stage.who, "READY")), PhoneUnavailable)


@pytest.mark.parametrize("mode", [CUTS, HANGS])
@pytest.mark.usefixtures("impatient")
async def test_a_write_that_may_have_arrived_is_sent_once(stage: Finesse, mode: str) -> None:
    await stage.phone.sign_in(stage.who)
    await stage.becomes("NOT_READY")
    for node in stage.server.nodes:
        node.mode = mode
    before = len(stage.server.seen)
    for asked in (stage.phone.set_state(stage.who, "READY"), stage.phone.dial(stage.who, "89035550142")):
        error = await failing(asked)
        assert isinstance(error, PhoneUnavailable) and error.message == client_module.UNKNOWN
    assert [it.method for it in list(stage.server.seen)[before:]] == ["PUT", "POST"]


async def test_a_write_goes_to_the_other_node_when_one_is_out_of_service(stage: Finesse) -> None:
    await stage.phone.sign_in(stage.who)
    await stage.becomes("NOT_READY")
    stage.server.nodes[0].mode = OUT_OF_SERVICE
    await stage.phone.set_state(stage.who, "READY")
    await stage.becomes("READY")


async def test_a_node_that_nobody_listens_on_is_passed_over(finesse: ImitatedFinesse) -> None:
    finesse.add(AGENT, PASSWORD, EXTENSION)
    nodes = [f"https://127.0.0.1:{free_port()}", finesse.nodes[1].url]
    phone = FinessePhone(nodes, tls.context(finesse.authority.file))
    assert (await phone.agent(Credentials(AGENT, PASSWORD, EXTENSION))).state == SIGN_OUT_STATE
    await phone.close()


@pytest.mark.parametrize("answer", [Answer(200, XML, b"<Dialogs>", drips=True), Answer(after=30)])
@pytest.mark.usefixtures("impatient")
async def test_a_dripping_answer_ends_in_time(stage: Finesse, answer: Answer) -> None:
    first_answers(stage, answer, "/Dialogs")
    assert isinstance(await failing(stage.dialogs()), PhoneUnavailable)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 418, 200])
async def test_neither_redirects_nor_other_answers_are_followed(stage: Finesse, status: int) -> None:
    await stage.phone.sign_in(stage.who)
    elsewhere = f"{stage.server.nodes[1].url}/finesse/api/User/{AGENT}"
    page = b"<html>Moved</html>"
    stage.server.nodes[0].told = lambda _: Answer(status, {"Location": elsewhere, "Content-Type": "text/html"}, page)
    before = len(stage.server.seen)
    assert isinstance(await failing(stage.phone.agent(stage.who)), BadPhoneResponse)
    assert isinstance(await failing(stage.phone.set_state(stage.who, "READY")), BadPhoneResponse)
    assert {it.node for it in list(stage.server.seen)[before:]} == {0}


# Many at once


def slowly(server: ImitatedFinesse, agent_id: str = "") -> None:
    """Let all reads, or an agent's, be answered after a second."""

    def told(request: Request) -> Answer | None:
        is_meant = request.method == "GET" and f"/User/{agent_id}" in request.path
        return Answer(200, XML, b"<Dialogs/>", after=1) if is_meant else None

    for node in server.nodes:
        node.told = told


def crowd(stage: Finesse, size: int) -> list[Credentials]:
    """Other agents."""
    names = [f"20{number:04}" for number in range(size)]
    for name in names:
        stage.server.add(name, PASSWORD, name)
    return [Credentials(name, PASSWORD, name) for name in names]


def reads(stage: Finesse) -> int:
    return sum(it.method == "GET" for it in stage.server.seen)


async def test_slow_answers_keep_no_action_waiting(stage: Finesse) -> None:
    """Reads and writes have connections of their own."""
    await stage.ready()
    slowly(stage.server)
    before = reads(stage)
    slow = [asyncio.create_task(asyncio.wait_for(stage.phone.dialogs(it), 10)) for it in crowd(stage, 50)]

    async def are_asked() -> bool:
        return reads(stage) - before >= client_module.MOST_CONNECTIONS[client_module.NEWS]

    await until(are_asked, "slow reads")
    await stage.phone.set_state(stage.who, "NOT_READY")
    assert not any(it.done() for it in slow)
    await asyncio.gather(*slow, return_exceptions=True)


async def test_one_agent_who_asks_all_the_time_keeps_nobody_waiting(stage: Finesse) -> None:
    (other,) = crowd(stage, 1)
    slowly(stage.server, AGENT)
    before = reads(stage)
    greedy = [asyncio.create_task(stage.phone.dialogs(stage.who)) for _ in range(200)]
    greedy += [asyncio.create_task(stage.phone.team(stage.who)) for _ in range(200)]
    await asyncio.sleep(0)
    assert (await stage.phone.dialogs(other), (await stage.phone.agent(other)).state) == ((), SIGN_OUT_STATE)
    assert not any(it.done() for it in greedy)
    told = await asyncio.gather(*greedy, return_exceptions=True)
    assert told[:200] == [()] * 200 and reads(stage) - before <= 6


async def test_an_answer_that_was_asked_for_before_is_not_shared(stage: Finesse) -> None:
    await stage.ready()
    slowly(stage.server)
    first = asyncio.create_task(stage.phone.dialogs(stage.who))
    before = reads(stage)

    async def is_asked() -> bool:
        return reads(stage) > before

    await until(is_asked, "the first question")
    first_answers(stage, Answer(), "/nowhere")
    stage.server.ring(AGENT)
    assert len(await asyncio.gather(*(stage.phone.dialogs(stage.who) for _ in range(9)))) == 9
    assert not await first and await stage.dialogs() and reads(stage) - before == 3


async def test_who_waits_behind_a_question_without_an_answer_asks_nothing(stage: Finesse, impatient: None) -> None:
    first_answers(stage, Answer(hangs=True))
    asked = [asyncio.create_task(ask(stage.who)) for ask in (stage.phone.agent, stage.phone.dialogs, stage.phone.team)]
    errors = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(it) for it in errors] == [PhoneUnanswered, PhoneUnavailable, PhoneUnavailable]
    assert len(stage.server.seen) == 1


async def test_who_gives_up_learns_nothing_but_the_question_goes_on(stage: Finesse) -> None:
    slowly(stage.server)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stage.phone.dialogs(stage.who), 0.2)
    assert await stage.phone.dialogs(stage.who) == () and reads(stage) == 2


async def test_a_team_is_asked_for_once_in_some_seconds(stage: Finesse) -> None:
    for _ in range(3):
        assert await stage.phone.team(stage.who) and await stage.phone.queues(stage.who)
    assert sum("/Team/" in it.path for it in stage.server.seen) == 1
    assert sum("/Queues" in it.path for it in stage.server.seen) == 1
    assert isinstance(await failing(stage.phone.team(stage.stranger)), PhoneRefused), "it is shared by password"


async def test_a_failure_of_the_team_is_not_shared(stage: Finesse) -> None:
    for node in stage.server.nodes:
        node.mode = OUT_OF_SERVICE
    await failing(stage.phone.team(stage.who))
    for node in stage.server.nodes:
        node.mode = OK
    assert await stage.phone.team(stage.who)


async def test_no_agent_id_is_told_in_an_error(stage: Finesse, impatient: None) -> None:
    """People type passwords into the wrong field."""
    typed = Credentials("MyPassw0rd", "falsch", EXTENSION)
    for answer in (None, Answer(418), Answer(503), Answer(cuts=True), Answer(200, XML, b"<html/>")):
        if answer:
            first_answers(stage, answer)
        for asked in (stage.phone.sign_in(typed), stage.phone.set_state(typed, "READY")):
            assert "Passw0rd" not in (await failing(asked)).detail


# Lines that are no HTTP

RAW: dict[str, bytes | None] = {
    "nothing at all": None,
    "endless headers": b"HTTP/1.1 200 OK\r\n" + b"X-More: 1\r\n" * 200_000,
    "a header without an end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 3_000_000,
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "less than was said": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<Dialogs>",
    "endless pieces": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 1_200_000,
    "pieces that are none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\n",
    "answers before the answer": b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000,
}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("name", RAW)
async def test_a_line_that_is_no_http_ends_in_time(phone_authority: Authority, name: str, encrypted: bool) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):
            if raw := RAW[name]:
                await reader.read(100)
                writer.write(raw)
                await writer.drain()
                writer.close()
            await reader.read()
            writer.transport.abort()

    context = phone_authority.server_context() if encrypted else None
    server = await asyncio.start_server(speak, "127.0.0.1", 0, ssl=context)
    phone = FinessePhone([f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"], tls.context(phone_authority.file))
    who = Credentials(AGENT, PASSWORD, EXTENSION)
    for asked in (phone.agent(who), phone.act(who, "7", "DROP")):
        assert isinstance(await failing(asked), PhoneUnavailable | BadPhoneResponse)
    await phone.close()
    server.close()


# Certificates


def expired(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.certify(days=-1))
    return context


CERTIFICATES: dict[str, tuple[Callable[[Authority, Path], ssl.SSLContext], str]] = {
    "expired": (lambda own, _: expired(own), "has expired"),
    "of another name": (lambda own, _: own.server_context("DNS:finesse.example.test"), "for another name"),
    "of an unknown authority": (
        lambda _, folder: Authority(folder, "Stranger").server_context(),
        "signed by an unknown authority",
    ),
}


@pytest.mark.parametrize("name", CERTIFICATES)
async def test_a_wrong_certificate_gets_no_password(phone_authority: Authority, tmp_path: Path, name: str) -> None:
    make, reason = CERTIFICATES[name]
    with imitated_finesse(phone_authority, context=make(phone_authority, tmp_path)) as server:
        server.add(AGENT, PASSWORD, EXTENSION)
        who = Credentials(AGENT, PASSWORD, EXTENSION)
        phone = FinessePhone(server.url.split(","), tls.context(phone_authority.file))
        for asked in (phone.agent(who), phone.set_state(who, "READY")):
            error = await failing(asked)
            assert isinstance(error, PhoneUnavailable) and reason in error.detail
        assert not server.seen and not server.checks
        await phone.close()
        careless = FinessePhone(server.url.split(","), tls.unchecked())
        assert (await careless.agent(who)).state == SIGN_OUT_STATE
        await careless.close()


@pytest.mark.opt_in("HELPDESK_FINESSE_TEST_URL")
async def test_a_real_finesse_knows_its_agent() -> None:
    """HELPDESK_FINESSE_TEST_URL=https://agent:password@node:8445?extension=1001. It only reads."""
    parts = urlsplit(os.environ["HELPDESK_FINESSE_TEST_URL"])
    extension = parts.query.removeprefix("extension=")
    who = Credentials(unquote(parts.username or ""), unquote(parts.password or ""), extension)
    phone = FinessePhone([f"https://{parts.hostname}:{parts.port or 8445}"], tls.context())
    try:
        assert (await phone.agent(who)).state
        for ask in (phone.dialogs, phone.reasons, phone.team, phone.queues):
            await ask(who)
    finally:
        await phone.close()
