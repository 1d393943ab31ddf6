"""No text that people and programs choose adds a header or a line to a mail, by encoded words neither."""

import re
from email import message_from_string
from email.message import EmailMessage
from email.policy import SMTPUTF8

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.notifications.channels.email import addresses, compose, mime

EVIL = "=?utf-8?q?=0d=0aX-Evil:_1=0d=0a=0d=0ax?="
PIECES = [EVIL, "=?utf-8?b?DQpYLUV2aWw6IDE=?=", "\r\nX-Evil: 1", "==??", "ю" * 40, "x" * 90, " " * 30]
MARKS = ["=?", "?=", "\u2028", "\ud800", "\u202e", "\u200b", *'ab ю"\\<>,;:@/.']
HOSTILE = st.lists(st.sampled_from([*PIECES, *MARKS]), max_size=8).map("".join)
HEADERS = ["Subject", "From", "Date", "Reply-To", "To", "Cc", "Message-ID", "In-Reply-To", "References"]
HEADERS += ["MIME-Version", "Content-Type"]
FIELDS = st.lists(HOSTILE, min_size=4, max_size=4)


def composed(subject: str = "x", filename: str = "a.txt", type: str = "text/plain", name: str = "Desk") -> str:
    message = compose.task_letter(
        sender=f"{name} <desk@example.test>",
        reply_to="anna@example.test",
        to=["boss@firma.test", "иван@почта.рф"],
        cc=["x@firma.test"],
        subject=subject,
        text="Hi",
        attachments=[(filename, type, b"data")],
        message_id="<1@example.test>",
        thread="<task-7@example.test>",
    )
    return compose.as_text(message)


def read(text: str) -> EmailMessage:
    message = message_from_string(text, policy=SMTPUTF8)
    assert isinstance(message, EmailMessage)
    return message


@given(FIELDS)
def test_no_text_adds_a_header_to_a_letter(fields: list[str]) -> None:
    subject, filename, type, name = fields
    try:
        text = composed(subject, filename, type, name)
    except ValueError:
        assert name.strip()  # only a name can break the sender, which is of the settings
        return
    message = read(text)
    (body, file) = message.iter_parts()
    assert sorted(message.keys()) == sorted(HEADERS) and not re.search(r"\r(?!\n)|(?<!\r)\n", text)
    assert set(file.keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "MIME-Version"}
    assert file.get_content_type() in {"text/plain", "application/octet-stream"} or compose.TYPE.fullmatch(type)
    assert (body.get_content(), file.get_payload(decode=True)) == ("Hi\r\n", b"data")
    assert message["X-Evil"] is None and file["X-Evil"] is None


@given(HOSTILE, HOSTILE)
def test_no_text_adds_a_header_to_a_mail_of_one_person(subject: str, name: str) -> None:
    sender, to = addresses.header(name, "desk@example.test"), addresses.header(name, "anna@example.test")
    text = mime.mail(mime.Content(subject, "Hi", "<p>Hi"), sender, to, {"Message-ID": "<1@x>"}).decode("ascii")
    message = read(text)
    assert message.keys() == ["Subject", "From", "To", "Date", "Message-ID", "MIME-Version", "Content-Type"]
    assert [it.addr_spec for it in message["To"].addresses] == ["anna@example.test"]
    assert "\r\nX-Evil" not in text and not re.search(r"\r(?!\n)|(?<!\r)\n", text)


def test_what_looks_like_an_encoded_word_is_shown_as_it_was_typed() -> None:
    message = read(composed(subject=EVIL, filename=f"{EVIL}.txt"))
    (file,) = message.iter_attachments()
    assert [str(it).replace("\u2060", "") for it in (message["Subject"], file.get_filename())] == [EVIL, f"{EVIL}.txt"]


@given(HOSTILE)
def test_no_address_has_an_encoded_word_or_looks_like_a_command(local: str) -> None:
    found = addresses.envelope(f"{local}@firma.test")
    assert not found or (found[0] not in "|-." and "=?" not in found and not re.search(r"[\s\ud800-\udfff]", found))


@pytest.mark.parametrize("local", [EVIL, "=?x", "|cat", "-oX", "a b"])
def test_such_addresses_are_refused(local: str) -> None:
    assert addresses.envelope(f"{local}@firma.test") == ""
    with pytest.raises(ValueError, match="no plain address"):
        addresses.header("", f"{local}@firma.test")


def test_a_header_that_got_in_nevertheless_stops_the_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "literal", str)
    for broken in ({"subject": EVIL}, {"filename": EVIL}):
        with pytest.raises(ValueError, match="begins another one"):
            composed(**broken)
