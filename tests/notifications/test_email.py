"""What a mail says, to which thread it belongs, and what becomes of it."""

import json
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTPUTF8

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from helpdesk.notifications.channels import email
from helpdesk.notifications.channels.email import unsubscribe
from helpdesk.notifications.channels.email.mime import LONGEST_SUBJECT
from helpdesk.notifications.channels.email.sender import EmailSender
from helpdesk.notifications.channels.email.writer import Writer
from helpdesk.notifications.channels.port import SENT, Item, Outcome, Resources
from helpdesk.store import flagged_addresses, letters
from helpdesk.store.database import Database
from helpdesk.store.letters import NewLetter, Sent
from helpdesk.store.models.delivery import Letter
from helpdesk.store.models.tables import Person
from tests.clocks import NOON
from tests.notifications import sending
from tests.notifications.mailing import ANNA, BORIS, PUBLIC, item, outcomes, settings_of
from tests.notifications.sending import Post, put, states, waiting
from tests.servers.imitated_smtp import HANG_UP, ImitatedSmtp, imitated_smtp


@pytest.fixture
def server() -> Iterator[ImitatedSmtp]:
    with imitated_smtp() as server:
        yield server


@pytest.fixture
def sender(server: ImitatedSmtp, database: Database) -> EmailSender:
    connected = email.connect(Resources(settings_of(server), database))
    assert isinstance(connected, EmailSender)
    return connected


def written(it: Item, **changed: object) -> EmailMessage:
    return read(Writer(settings_of(**changed)).notification(it))


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=SMTPUTF8)
    assert isinstance(message, EmailMessage) and not message.defects
    return message


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


def test_a_mail_says_what_happened_where_and_how_to_stop_it() -> None:
    status = {"kind": "status", "old": "Новая", "new": "В <работе>", "excerpt": ""}
    message = written(item(1, status))
    text, html = part(message, "plain"), part(message, "html")
    assert message["Subject"] == "[#7] Принтер" and str(message["From"]) == "Навигатор <helpdesk@example.test>"
    assert "Статус: Новая → В <работе>" in text and "В &lt;работе&gt;" in html and "<работе>" not in html
    for each in (text, html):
        assert f"{PUBLIC}/notifications/1" in each and "хотите знать о её статусе" in each
        assert message["List-Unsubscribe"][1:-1] in each
    assert not re.search(r'src=|url\(|href="(?!https://help\.example\.test/)', html)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_without_an_address_of_ours_there_are_no_links() -> None:
    message = written(item(), public_url=None)
    assert message["List-Unsubscribe"] is None
    assert not re.search("href|http", part(message, "plain") + part(message, "html"))


def test_mails_about_a_task_are_one_thread() -> None:
    first, second = written(item(1)), written(item(2, {"kind": "priority", "old": "a", "new": "b"}))
    assert first["References"] == second["References"] == "<task-7@example.test>"
    assert first["Subject"] == second["Subject"] and first["Message-ID"] != second["Message-ID"]
    assert written(item(1))["Message-ID"] == first["Message-ID"]
    assert written(item(1, {"person_id": 3}))["Message-ID"] != first["Message-ID"]


def test_a_mail_is_in_the_language_of_its_person() -> None:
    assert "Борис commented on #7" in part(written(item(1, None, language="en")), "plain")
    assert "Борис комментирует задачу #7" in part(written(item(1, None, language="")), "plain")


TEXTS = st.text(st.characters() | st.sampled_from("\r\n\u202e<>&\"'\u2028@:,;"), max_size=260)


@given(TEXTS, TEXTS, TEXTS)
def test_no_text_of_a_person_adds_a_header_or_markup(subject: str, name: str, excerpt: str) -> None:
    about = {"subject": subject, "author": name, "excerpt": excerpt}
    sent = Writer(settings_of()).notification(item(1, about, name=name))
    message = read(sent)
    assert message.keys() == written(item()).keys()
    assert all(len(line) < 998 for line in sent.split(b"\r\n")) and sent.isascii()
    assert len(str(message["Subject"])) <= LONGEST_SUBJECT
    assert [it.addr_spec for it in message["To"].addresses] == [ANNA]
    tags = re.findall(r"<[a-z/!][^>]*>", part(message, "html"))
    assert tags == re.findall(r"<[a-z/!][^>]*>", part(written(item(1, about)), "html"))


def test_what_was_gathered_is_one_mail_by_tasks_with_the_newest_first(sender: EmailSender) -> None:
    items = [item(number, {"task_id": number % 2 + 1, "subject": f"Задача {number % 2}"}, bundle="digest")
             for number in range(1, 131)]  # fmt: skip
    message = read(sender.writer.digest(items))
    text = part(message, "plain")
    assert message["Subject"] == "Ваши уведомления: 130" and "и ещё 30" in text
    assert text.count("№ 1: Задача 0") == text.count("№ 2: Задача 1") == 1
    assert text.index("№ 1: ") < text.index("№ 2: ") and "/notifications/130\n" in text
    assert "/notifications/30\n" not in text and "/notifications/31\n" in text


async def test_a_bundle_is_one_mail_and_all_of_it_has_one_outcome(sender: EmailSender, server: ImitatedSmtp) -> None:
    other = item(3, {"person_id": 3}, bundle="night", email=BORIS)
    assert await outcomes(sender, item(1, None, bundle="night"), other, item(2, None, bundle="night")) == [SENT] * 3
    subjects = {it.recipients[0]: it.message["Subject"] for it in server.received}
    assert subjects == {ANNA: "Пришло в ваши тихие часы: 2", BORIS: "[#7] Принтер"}
    await sender.close()


async def test_each_answer_of_the_server_has_its_outcome(sender: EmailSender, server: ImitatedSmtp) -> None:
    server.answers = {
        "busy@x.test": "451 greylisted",
        "no@x.test": "550 nobody here",
        "DATA": ["552 too big", "554 spam"],
    }
    to = ["busy@x.test", "no@x.test", ANNA, ANNA, "", "a\r\nb@x.test", "почта@x.test", ANNA]
    items = [item(number, None, email=address) for number, address in enumerate(to, 1)]
    items[-1] = item(8, None, flagged=ANNA)
    assert await outcomes(sender, *items) == [
        Outcome("later", "busy", "451 greylisted"),
        Outcome("gone", "refused", "550 nobody here"),
        Outcome("failed", "too_large", "552 too big"),
        Outcome("failed", "refused", "554 spam"),
        Outcome("skipped", "no_address"),
        Outcome("failed", "bad_address"),
        Outcome("failed", "no_utf8"),
        Outcome("skipped", "flagged"),
    ]
    await sender.close()


async def test_one_that_can_not_be_written_keeps_no_other_back(
    sender: EmailSender, server: ImitatedSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Writer.notification

    def broken(self: Writer, it: Item) -> bytes:
        return write(self, it if it.row.id == 2 else it._replace(notification=None))

    monkeypatch.setattr(Writer, "notification", broken)
    assert await outcomes(sender, item(1), item(2)) == [Outcome("failed", "unwritten"), SENT]
    await sender.close()


async def test_a_lost_answer_is_of_its_mail_and_several_are_of_the_channel(
    sender: EmailSender, server: ImitatedSmtp
) -> None:
    server.answers["DATA"] = [HANG_UP]
    first, second = await outcomes(sender, item(1), item(2))
    assert (first.state, first.of_channel, second) == ("later", False, SENT)
    server.answers["DATA"] = HANG_UP
    found = await outcomes(sender, item(1), item(2), item(3))
    assert [it.of_channel for it in found] == [False, True, True]
    assert len({it.message["Message-ID"] for it in server.received}) == 2
    await sender.close()


async def test_with_a_slow_server_no_mail_is_begun_late(
    sender: EmailSender, server: ImitatedSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpdesk.notifications.channels.email.sender.START_SECONDS", 0.0)
    assert [it.row.id async for it, _ in sender.send([item(1), item(2)])] == [1] and len(server.received) == 1
    await sender.close()


async def test_a_server_that_puts_off_everybody_stops_the_channel_until_it_takes_one(
    sender: EmailSender, server: ImitatedSmtp
) -> None:
    server.answers |= {f"p{n}@x.test": "451 later" for n in range(4)}
    each = [item(n + 1, None, email=f"p{n}@x.test") for n in range(4)]
    assert [it.of_channel for it in await outcomes(sender, each[0], each[0], each[1])] == [False] * 3
    assert [it.of_channel for it in await outcomes(sender, each[2], each[3])] == [True, True]
    assert await outcomes(sender, item(9), each[0]) == [SENT, Outcome("later", "busy", "451 later")]
    await sender.close()


async def test_a_server_that_takes_nothing_is_asked_once(sender: EmailSender, server: ImitatedSmtp) -> None:
    server.answers["MAIL"] = "550 not you"
    found = await outcomes(sender, item(1), item(2))
    assert {(it.state, it.reason, it.of_channel) for it in found} == {("later", "not_ours", True)}
    assert len(server.sessions) == 1
    await sender.close()


async def test_letters_go_to_whom_their_author_named(
    sender: EmailSender, server: ImitatedSmtp, database: Database
) -> None:
    content = "From: helpdesk@example.test\r\nSubject: x\r\n\r\nТекст\r\n".encode("ascii", "ignore").decode()
    named = json.dumps({"to": [ANNA], "cc": [BORIS]})
    about = {"author_id": 2, "subject": "Ремонт", "created_at": NOON}
    with database.engine.begin() as connection:
        connection.execute(
            Letter.__table__.insert(),  # type: ignore[attr-defined]
            [
                {**about, "id": 1, "task_id": 7, "recipients": named, "content": content, "text": ""},
                {**about, "id": 2, "task_id": 0, "recipients": "", "content": "", "text": "Раз\nдва\n\n<b>три</b>"},
            ],
        )
    letter = item(1, None, letter_id=1, email="")
    server.answers = {BORIS: ["550 nobody", "550 nobody"], ANNA: ["250 OK", "550 nobody"]}
    some = Outcome("sent", "", f"{BORIS}: 550 nobody", refused=(BORIS,))
    assert await outcomes(sender, letter) == [some]
    (refused,) = await outcomes(sender, letter)
    assert (refused.state, refused.reason) == ("failed", "refused")
    server.answers = {}
    assert await outcomes(sender, item(2, {"task_id": 0}, letter_id=2)) == [SENT]
    many = server.received[-1].message
    assert "&lt;b&gt;три&lt;/b&gt;" in part(many, "html") and "Раз\nдва" in part(many, "plain")
    assert (many["Auto-Submitted"], many["Precedence"]) == ("auto-generated", "bulk")
    assert many["Subject"] == "Ремонт" and "администратор" in part(many, "html")
    await sender.close()


async def test_a_letter_is_sent_again_to_those_alone_who_were_put_off(
    sender: EmailSender, server: ImitatedSmtp, database: Database
) -> None:
    post, late, gone = Post(database, channel="email"), "late@example.test", "gone@example.test"
    post.worker.sender = sender
    server.answers = {late: ["451 greylisted", "451 greylisted"], gone: "550 nobody"}
    new = NewLetter(7, [ANNA, late], [gone], "Ремонт", "Текст", "Subject: x\r\n\r\nx\r\n")
    letter = sending.write(database, lambda db: letters.add(db, sending.ANNA, new, NOON))

    def found() -> Sent:
        return database.run_here(lambda db: letters.of_task(db, 7, 1))[0]

    await post.run()
    assert (found().state, found().put_off, found().not_to) == ("waiting", (late,), (gone,))
    await post.run_until(lambda: found().state == "sent")
    assert (found().id, found().put_off, found().not_to) == (letter, (), (gone,))
    assert [it.recipients for it in server.received] == [(ANNA,), (late,)]
    await sender.close()


def test_a_signed_link_is_good_for_its_person_and_type_alone() -> None:
    link = unsubscribe.Link(2, "comment")
    old = unsubscribe.token(["old"], link)
    assert unsubscribe.read(["new", "old"], old) == link
    assert unsubscribe.read(["new"], old) is None
    signed = unsubscribe.token(["new", "old"], link)
    assert unsubscribe.read(["new"], signed) == link
    for broken in ("", "x" * 10_000, signed[:-1], f"x{signed}", "ж.ж"):
        assert unsubscribe.read(["new"], broken) is None


async def test_a_worker_flags_what_is_refused_and_tries_again_what_is_put_off(
    sender: EmailSender, server: ImitatedSmtp, database: Database
) -> None:
    post = Post(database, channel="email")
    post.worker.sender = sender
    emails = database.run_here(lambda db: {it.id: it.email for it in db.exec(select(Person))})
    anna, boris = emails[sending.ANNA], emails[sending.BORIS]
    server.answers = {anna: "550 nobody here", boris: ["451 greylisted"], "DATA": [HANG_UP]}
    refused, later = put(database, waiting(channel="email"), waiting(channel="email", person=sending.BORIS, task=8))
    await post.run()
    assert states(database) == {refused: ("failed", "refused"), later: ("waiting", "busy")}
    flagged = database.run_here(lambda db: flagged_addresses.all_flagged(db, 9))
    assert [(it.address, it.detail) for it in flagged] == [(anna, "550 nobody here")]

    (again,) = put(database, waiting(channel="email"))
    await post.run_until(lambda: states(database)[later][0] == "sent")
    assert states(database)[again] == ("skipped", "flagged")
    ids = [it.message["Message-ID"] for it in server.received]
    assert len(ids) == 2 and len(set(ids)) == 1

    # A test is sent all the same, and what is flagged is sent to again when a server has accepted one.
    is_flagged = lambda: database.run_here(lambda db: flagged_addresses.is_flagged(db, sending.ANNA, anna))  # noqa: E731
    for answer, state in (("550 nobody here", "failed"), ("", "sent")):
        server.answers = {anna: answer} if answer else {}
        (test,) = put(database, waiting(f"test.{state}", channel="email"))
        await post.run()
        assert states(database)[test][0] == state and is_flagged() is bool(answer)
    await sender.close()
