"""Compose mails as MIME messages. No text of a person can add a header: control characters become blanks."""

from collections.abc import Mapping, Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import localtime
from typing import NamedTuple

from helpdesk.notifications.channels.email.addresses import header, sender_of
from helpdesk.texts import one_line

POLICY = SMTP.clone(cte_type="7bit")
LONGEST_SUBJECT = 200
LONGEST_FILENAME = 150
ADDRESSED = ("From", "Reply-To", "To", "Cc")
ELLIPSIS = "…"

Attachment = tuple[str, str, bytes]
"""The name of a file, its type and its content."""


class Content(NamedTuple):
    """What a mail says, once as text and once as HTML."""

    subject: str
    text: str
    html: str


def mail(content: Content, sender: Address, to: Address, headers: Mapping[str, str]) -> EmailMessage:
    """Compose a mail to one person, in text and HTML."""
    message = _begun(sender, content.subject)
    message["To"] = to
    for name, value in headers.items():
        message[name] = value
    message.set_content(_sendable(content.text))
    message.add_alternative(_sendable(content.html), subtype="html")
    return message


def task_letter(
    *,
    sender: str,
    reply_to: str,
    to: Sequence[str],
    cc: Sequence[str],
    subject: str,
    text: str,
    attachments: Sequence[Attachment],
    message_id: str,
) -> EmailMessage:
    """Compose a letter that somebody wrote from a task. Raises ValueError for an address that can't be one.

    With large files it takes a while, and belongs into a thread.
    """
    message = _begun(sender_of(sender), subject)
    message["Reply-To"] = header("", reply_to)
    message["To"] = [header("", each) for each in to]
    if cc:
        message["Cc"] = [header("", each) for each in cc]
    message["Message-ID"] = message_id
    message.set_content(_sendable(text))
    for name, type, content in attachments:
        main, _, sub = type.partition("/")
        # A message in a message would be encoded otherwise, and may be broken.
        kinds = (main, sub) if sub and main not in ("multipart", "message") else ("application", "octet-stream")
        message.add_attachment(content, *kinds, filename=one_line(name)[-LONGEST_FILENAME:])
    return message


def as_text(message: EmailMessage) -> str:
    """Return a whole message as text of ASCII letters, as the store keeps it; with letters beyond ASCII in an address
    the header has them."""
    return as_bytes(message).decode()


def as_bytes(message: EmailMessage) -> bytes:
    """Return a message as it is sent."""
    needs_utf8 = any(not str(message[name] or "").isascii() and _has_utf8_address(message, name) for name in ADDRESSED)
    return message.as_bytes(policy=SMTPUTF8.clone(cte_type="7bit") if needs_utf8 else POLICY)


def _has_utf8_address(message: EmailMessage, name: str) -> bool:
    return any(not it.username.isascii() for it in message[name].addresses)


def _begun(sender: Address, subject: str) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["Subject"] = cut(subject)
    message["From"] = sender
    message["Date"] = localtime()
    return message


def cut(subject: str) -> str:
    """Return a subject as one line of at most LONGEST_SUBJECT characters."""
    line = " ".join(one_line(subject).split())
    return line if len(line) <= LONGEST_SUBJECT else one_line(line[: LONGEST_SUBJECT - 1]) + ELLIPSIS


def _sendable(text: str) -> str:
    """Return a text without lone surrogates, which no encoding has."""
    return text.encode("utf-8", "replace").decode()
