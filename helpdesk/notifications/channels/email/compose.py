"""Compose letters as MIME messages. No text of a person can add a header: control characters become blanks, and encoded
words (`=?utf-8?q?=0d=0a?=`), which the library would decode into line breaks, are taken apart."""

import re
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy
from email.utils import localtime

from helpdesk.notifications.channels.email.addresses import header, named
from helpdesk.notifications.channels.email.mime import cut, literal
from helpdesk.texts import one_line

POLICY = SMTP.clone(cte_type="7bit")
LONGEST_FILENAME = 150
TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)
OTHER_TYPE = "application/octet-stream"
NEVER_IN_PARTS = ("multipart", "message")
"""A message in a message would be encoded otherwise, and may be broken."""
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
    thread: str,
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
    message["In-Reply-To"] = message["References"] = thread
    message.set_content(_sendable(text))
    for name, type, content in attachments:
        main, _, sub = _sendable_type(type).partition("/")
        message.add_attachment(content, main, sub, filename=literal(one_line(name)[-LONGEST_FILENAME:]))
    return message


def as_text(message: EmailMessage) -> str:
    """Return a whole message as text of ASCII letters, as the store keeps it; with letters beyond ASCII in an address
    the header has them. Raises ValueError for a header that would begin another one."""
    needs_utf8 = any(not str(message[name] or "").isascii() and _has_utf8_address(message, name) for name in ADDRESSED)
    policy = SMTPUTF8.clone(cte_type="7bit") if needs_utf8 else POLICY
    text = message.as_bytes(policy=policy).decode()
    _require_intact(message, text, policy)
    return text


def _require_intact(message: EmailMessage, text: str, policy: "EmailPolicy[EmailMessage]") -> None:
    """Raise ValueError unless a text has the headers of its message and no others, and so each of its parts.

    The library of this Python writes a line break within a header as it is.
    """
    if _header_names(text.partition("\r\n\r\n")[0]) != message.keys():
        raise ValueError("a header of a letter begins another one")
    parts = [(name, value) for part in message.walk() for name, value in part.items()]
    if any(_header_names(policy.fold(name, value).removesuffix("\r\n")) != [name] for name, value in parts):
        raise ValueError("a header of a part of a letter begins another one")


def _header_names(head: str) -> list[str]:
    """Return the names of the headers in these lines. Raises ValueError for a line break that ends no line."""
    lines = head.split("\r\n")
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header of a letter has a bare line break")
    return [line.partition(":")[0] for line in lines if not line.startswith((" ", "\t"))]


def _has_utf8_address(message: EmailMessage, name: str) -> bool:
    return any(not it.username.isascii() for it in message[name].addresses)


def _begun(sender: Address, subject: str) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["Subject"] = literal(cut(subject))
    message["From"] = sender
    message["Date"] = localtime()
    return message


def _sendable_type(type: str) -> str:
    return type if TYPE.fullmatch(type) and type.partition("/")[0].lower() not in NEVER_IN_PARTS else OTHER_TYPE


def _sendable(text: str) -> str:
    """Return a text without lone surrogates, which no encoding has."""
    return text.encode("utf-8", "replace").decode()
