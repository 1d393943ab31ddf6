"""Compose letters as MIME messages. No text of a person can add a header: control characters become blanks."""

from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import localtime

from helpdesk.notifications.channels.email.addresses import header, named
from helpdesk.notifications.channels.email.mime import cut
from helpdesk.texts import one_line

POLICY = SMTP.clone(cte_type="7bit")
LONGEST_FILENAME = 150
ADDRESSED = ("From", "Reply-To", "To", "Cc")

Attachment = tuple[str, str, bytes]
"""The name of a file, its type and its content."""


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
    message = _begun(named(sender), subject)
    message["Reply-To"] = named(reply_to)
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
    needs_utf8 = any(not str(message[name] or "").isascii() and _has_utf8_address(message, name) for name in ADDRESSED)
    return message.as_bytes(policy=SMTPUTF8.clone(cte_type="7bit") if needs_utf8 else POLICY).decode()


def _has_utf8_address(message: EmailMessage, name: str) -> bool:
    return any(not it.username.isascii() for it in message[name].addresses)


def _begun(sender: Address, subject: str) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["Subject"] = cut(subject)
    message["From"] = sender
    message["Date"] = localtime()
    return message


def _sendable(text: str) -> str:
    """Return a text without lone surrogates, which no encoding has."""
    return text.encode("utf-8", "replace").decode()
