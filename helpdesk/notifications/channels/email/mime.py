"""Write mails to one person as MIME, byte by byte: the standard library takes six times as long for the same, and there
are hundreds at once. Letters, which may have files, are composed by it (`compose.py`)."""

import re
from base64 import encodebytes
from collections.abc import Iterator, Mapping
from email.header import Header
from email.headerregistry import Address
from email.utils import formatdate
from hashlib import sha256
from typing import NamedTuple

from helpdesk.texts import one_line, squeezed

LONGEST_SUBJECT = 200
ELLIPSIS = "…"
PIECE = 65_536
FOLD = "\r\n "
ENCODED_WORD, UNREAD = "=?", "=\u2060?"
"""How an encoded word begins, and the same with an invisible mark in between."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Content(NamedTuple):
    """What a mail says, once as text and once as HTML."""

    subject: str
    text: str
    html: str


def mail(content: Content, sender: Address, to: Address, headers: Mapping[str, str]) -> bytes:
    """Return a mail to one person, in text and HTML. Raises ValueError for a header that would begin another one."""
    boundary = sha256("\n".join(headers.values()).encode()).hexdigest()[:40]  # in no line of Base64: those are longer
    named = {
        "Subject": _encoded(cut(content.subject)),
        "From": mailbox(sender),
        "To": mailbox(to),
        "Date": formatdate(localtime=True),
        **headers,
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    head = "".join(f"{name}: {_checked(value)}\r\n" for name, value in named.items())
    parts = (f"--{boundary}\r\n{_part(kind, text)}" for kind, text in (("plain", content.text), ("html", content.html)))
    return f"{head}\r\n{''.join(parts)}--{boundary}--\r\n".encode()


def mailbox(it: Address) -> str:
    """Return a name and an address as headers have them."""
    if _is_plain(it.display_name):
        return str(it)
    return f"{_encoded(it.display_name)} <{it.addr_spec}>"


def thread(task_id: int, domain: str) -> str:
    """Return the id to which all mails about a task answer, letters too, so that they are one conversation."""
    return f"<task-{task_id}@{domain}>"


def pieces(message: bytes) -> Iterator[bytes]:
    """Yield a message as SMTP wants its text: each line ends alike, and a dot that begins one is doubled (RFC 5321)."""
    start = 0
    while start < len(message):
        end = (message.find(b"\n", start + PIECE) + 1) or len(message)
        piece = message[start:end].replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        yield (b"." if piece.startswith(b".") else b"") + piece.replace(b"\n.", b"\n..")
        start = end
    if not message.endswith((b"\n", b"\r")):
        yield b"\r\n"


def cut(subject: str) -> str:
    """Return a subject as one line of at most LONGEST_SUBJECT characters."""
    line = squeezed(subject)
    return line if len(line) <= LONGEST_SUBJECT else one_line(line[: LONGEST_SUBJECT - 2])[:LONGEST_SUBJECT] + ELLIPSIS


def literal(text: str) -> str:
    """Return a text that looks the same and in which no program finds an encoded word."""
    return text.replace(ENCODED_WORD, UNREAD)


def _encoded(text: str) -> str:
    return text if _is_plain(text) else Header(text, "utf-8", header_name="Subject").encode(linesep="\r\n")


def _is_plain(text: str) -> bool:
    """Tell whether a text means itself in a header."""
    return text.isascii() and ENCODED_WORD not in text


def _checked(value: str) -> str:
    if any(CONTROL.search(line) for line in value.split(FOLD)):
        raise ValueError("a header holds a control character")
    return value


def _part(kind: str, text: str) -> str:
    lines = "\r\n".join(text.splitlines()).encode("utf-8", "replace")
    body = encodebytes(lines).decode().replace("\n", "\r\n")
    return f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}\r\n'
