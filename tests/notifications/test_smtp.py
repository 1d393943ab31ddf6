"""The conversation with the mail server, which refuses, hangs and hangs up."""

import asyncio
import re
from collections.abc import Iterator
from email import message_from_string
from email.policy import SMTP

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.errors import NotConfigured
from helpdesk.health import Trouble
from helpdesk.notifications.channels import email
from helpdesk.notifications.channels.email import compose, health, mime, recipients, smtp
from helpdesk.notifications.channels.email.account import account
from helpdesk.notifications.channels.email.faults import Fault
from helpdesk.notifications.channels.email.smtp import Connection
from helpdesk.settings.settings import Settings
from helpdesk.settings.sources import SettingsError
from tests.notifications.mailing import ANNA, BORIS, settings_of
from tests.servers.certificates import Authority
from tests.servers.imitated_smtp import HANG, HANG_UP, PASSWORD, USER, ImitatedSmtp, imitated_smtp

MESSAGE = b"Subject: a\r\n\r\n.a line with a dot\r\n"


@pytest.fixture
def server() -> Iterator[ImitatedSmtp]:
    with imitated_smtp() as server:
        yield server


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONNECT_SECONDS", "COMMAND_SECONDS"):
        monkeypatch.setattr(smtp, name, 1.0)


@pytest.mark.parametrize("encryption", ["starttls", "tls"])
async def test_many_messages_go_over_one_encrypted_connection_with_an_account(
    company_authority: Authority, encryption: str
) -> None:
    with imitated_smtp(company_authority, encryption=encryption, auth=True) as server:
        trusting = {"smtp_encryption": encryption, "smtp_ca_bundle": company_authority.file}
        connection = Connection(account(settings_of(server, smtp_user=USER, smtp_password=PASSWORD, **trusting)))
        for _ in range(3):
            assert await connection.send([ANNA], MESSAGE) == ({}, None, False)
        await connection.close()
        assert {(it.encrypted, it.user) for it in server.received} == {(True, USER)}
        assert len({it.session for it in server.received}) == 1
        assert server.received[0].content == MESSAGE


@pytest.mark.parametrize("encryption", ["off", "starttls", "tls"])
def test_a_message_goes_out_from_the_event_loop_of_the_server(company_authority: Authority, encryption: str) -> None:
    large = MESSAGE + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 30_000

    async def send(settings: Settings) -> None:
        connection = Connection(account(settings))
        assert await connection.send([ANNA], large) == await connection.send([BORIS], MESSAGE) == ({}, None, False)
        assert connection._client and (protocol := connection._client.protocol)
        await connection.close()
        async with asyncio.timeout(10):
            while protocol.transport:
                await asyncio.sleep(0.01)

    with imitated_smtp(company_authority, encryption=encryption) as server:
        settings = settings_of(server, smtp_encryption=encryption, smtp_ca_bundle=company_authority.file)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(send(settings))
        assert [it.content for it in server.received] == [large, MESSAGE]


async def fault(settings: Settings) -> Fault:
    connection = Connection(account(settings))
    with pytest.raises(Fault) as raised:
        await connection.send([ANNA], MESSAGE)
    await connection.close()
    return raised.value


async def test_an_untrusted_server_gets_nothing(company_authority: Authority) -> None:
    with imitated_smtp(company_authority, encryption="starttls") as server:
        found = await fault(settings_of(server, smtp_encryption="starttls"))
        assert (found.kind, found.detail) == ("not_ours", "its certificate is signed by an unknown authority")
        assert not server.received


async def test_what_is_to_be_encrypted_never_goes_in_clear(server: ImitatedSmtp) -> None:
    found = await fault(settings_of(server, smtp_encryption="starttls", smtp_user=USER, smtp_password=PASSWORD))
    assert (found.kind, found.detail) == ("not_ours", "it knows no STARTTLS") and not server.received


async def test_a_wrong_password_is_told_without_it() -> None:
    with imitated_smtp(auth=True) as server:
        found = await fault(settings_of(server, smtp_user=USER, smtp_password="wrong-secret"))
        assert found.kind == "not_ours" and found.detail.startswith("it refuses our account: 535")
        assert "wrong-secret" not in found.detail


@pytest.mark.parametrize(
    ("command", "answer", "kind"),
    [
        ("MAIL", "550 no such sender", "not_ours"),
        ("MAIL", "451 come back", "unreachable"),
        ("MAIL", HANG, "unreachable"),
        ("EHLO", HANG_UP, "unreachable"),
        ("RCPT", "421 closing", "unreachable"),
    ],
)
async def test_a_server_that_takes_nothing_is_told_from_one_message(
    server: ImitatedSmtp, command: str, answer: str, kind: str
) -> None:
    server.answers[command] = answer
    assert (await fault(settings_of(server))).kind == kind


async def test_nobody_there_is_unreachable(server: ImitatedSmtp) -> None:
    assert (await fault(settings_of(server, smtp_given_port=server.port + 1))).kind == "unreachable"


async def test_each_refusal_is_of_its_recipient_or_of_the_text(server: ImitatedSmtp) -> None:
    server.answers = {ANNA: "550 nobody\x1b here", "DATA": ["552 too large", "451 later"]}
    connection = Connection(account(settings_of(server)))
    assert await connection.send([ANNA], MESSAGE) == ({ANNA: (550, "nobody here")}, None, False)
    assert (await connection.send([BORIS], MESSAGE)).answer == (552, "too large")
    assert (await connection.send([BORIS], MESSAGE)).answer == (451, "later")
    assert (await connection.send([ANNA, BORIS], MESSAGE)).refused == {ANNA: (550, "nobody here")}
    await connection.close()
    assert [it.recipients for it in server.received] == [(BORIS,)]
    assert len(server.sessions) == 1


async def test_what_is_too_large_is_not_even_begun() -> None:
    with imitated_smtp(size=1_000) as server:
        connection = Connection(account(settings_of(server)))
        result = await connection.send([ANNA], MESSAGE + b"x" * 1_000)
        assert result.answer and result.answer.code == 552
        assert (await connection.send([ANNA], MESSAGE)).answer is None
        await connection.close()


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b"\r\n.\r\n"])), st.integers(0, 5))
def test_no_text_ends_itself_and_none_is_changed(parts: list[bytes], size: int) -> None:
    text = b"".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mime, "PIECE", size)
        sent = b"".join(mime.pieces(text))
    assert b"\n.\r\n" not in b"\r\n" + sent and not re.search(rb"\r(?!\n)|(?<!\r)\n", sent)
    received = b"\n".join(line.removeprefix(b".") for line in sent.split(b"\r\n")[:-1])
    assert received == re.sub(rb"\r\n|\r", b"\n", text).removesuffix(b"\n")


@pytest.mark.parametrize("answer", [HANG_UP, HANG])
async def test_without_an_answer_to_the_text_the_outcome_is_unknown(server: ImitatedSmtp, answer: str) -> None:
    server.answers["DATA"] = [answer]
    connection = Connection(account(settings_of(server)))
    assert (await connection.send([ANNA], MESSAGE)).is_unknown
    assert await connection.send([BORIS], MESSAGE) == ({}, None, False)
    await connection.close()


async def test_a_connection_that_the_server_ended_is_opened_again(server: ImitatedSmtp) -> None:
    connection = Connection(account(settings_of(server)))
    await connection.send([ANNA], MESSAGE)
    server.answers["MAIL"] = ["421 idle for too long"]
    assert await connection.send([BORIS], MESSAGE) == ({}, None, False)
    await connection.close()
    assert [it.session for it in server.received] == [0, 1]


async def test_recipients_are_checked_before_anything_is_written(server: ImitatedSmtp) -> None:
    server.answers = {ANNA: "550 nobody", BORIS: "451 greylisted"}
    asked = [ANNA, BORIS, "new@example.test", "x@y\r\nRCPT TO:<z@example.test>", "почта@example.test"]
    assert await email.check(settings_of(server), asked) == {
        ANNA: "550 nobody",
        "x@y\r\nRCPT TO:<z@example.test>": recipients.NO_ADDRESS,
        "почта@example.test": recipients.NO_ADDRESS,
    }
    assert not server.received
    server.answers["EHLO"] = HANG_UP
    with pytest.raises(Fault):
        await email.check(settings_of(server), [ANNA])
    with pytest.raises(NotConfigured):
        await email.check(settings_of(server, smtp_host=None), [ANNA])


@pytest.mark.parametrize("setting", ["SMTP_FROM", "SMTP_REPLY_TO"])
def test_a_sender_that_is_no_address_is_told_at_the_start(setting: str) -> None:
    with pytest.raises(SettingsError) as raised:
        account(settings_of(**{setting.lower(): "Helpdesk <help@desk@example..test>"}))
    assert [it.name for it in raised.value.problems] == [setting]


async def test_the_check_goes_as_far_as_to_send(server: ImitatedSmtp) -> None:
    check = health.check(settings_of(server))
    await check.look()
    await check.look()
    server.answers["EHLO"] = "554 5.7.1 not from here"
    with pytest.raises(Trouble, match="it turns us away"):
        await check.look()
    assert not server.received


def test_a_letter_holds_its_files_and_no_header_of_others() -> None:
    letter = compose.task_letter(
        sender="Helpdesk <helpdesk@example.test>",
        reply_to=ANNA,
        to=[BORIS],
        cc=["irina@почта.рф"],
        subject="[#7] Тема\r\nBcc: thief@example.test",
        text="Здравствуйте.\n.\nКонец",
        attachments=[("Отчёт\r\nX: y.pdf", "application/pdf", b"\x00\xff"), ("a", "message/rfc822", b"not a message")],
        message_id="<letter-1@example.test>",
        thread="<task-7@example.test>",
    )
    text = compose.as_text(letter)
    assert text.isascii()
    read = message_from_string(text, policy=SMTP)
    assert read["Bcc"] is None and read["Subject"] == "[#7] Тема Bcc: thief@example.test"
    assert read["Cc"].addresses[0].addr_spec == "irina@xn--80a1acny.xn--p1ai"
    assert [it.get_content() for it in read.iter_attachments()] == [b"\x00\xff", b"not a message"]
    body = read.get_body()
    assert body and body.get_content().splitlines() == ["Здравствуйте.", ".", "Конец"]
