"""The conversation with the mail server, which refuses, hangs and hangs up."""

from collections.abc import Iterator
from dataclasses import replace
from email import message_from_string
from email.policy import SMTP
from pathlib import Path

import pytest

from helpdesk.errors import NotConfigured
from helpdesk.notifications.channels import email
from helpdesk.notifications.channels.email import compose, recipients, smtp
from helpdesk.notifications.channels.email.account import account
from helpdesk.notifications.channels.email.faults import Fault
from helpdesk.notifications.channels.email.smtp import Connection
from helpdesk.settings import settings as configuration
from helpdesk.settings.settings import Settings
from tests.servers.certificates import Authority
from tests.servers.imitated_smtp import HANG, HANG_UP, PASSWORD, USER, ImitatedSmtp, imitated_smtp

MESSAGE = b"Subject: a\r\n\r\n.a line with a dot\r\n"
ANNA, BORIS = "anna@example.test", "boris@example.test"


def settings_of(server: ImitatedSmtp, **changed: object) -> Settings:
    environ = {"SECRET_KEY": "k" * 32, "SMTP_HOST": server.host, "SMTP_PORT": str(server.port), "SMTP_TLS": "off",
               "SMTP_FROM": "Helpdesk <helpdesk@example.test>"}  # fmt: skip
    return replace(configuration.load(environ, Path("/nowhere")), **changed)  # type: ignore[arg-type]


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
    )
    text = compose.as_text(letter)
    assert text.isascii()
    read = message_from_string(text, policy=SMTP)
    assert read["Bcc"] is None and read["Subject"] == "[#7] Тема Bcc: thief@example.test"
    assert read["Cc"].addresses[0].addr_spec == "irina@xn--80a1acny.xn--p1ai"
    assert [it.get_content() for it in read.iter_attachments()] == [b"\x00\xff", b"not a message"]
    body = read.get_body()
    assert body and body.get_content().splitlines() == ["Здравствуйте.", ".", "Конец"]
