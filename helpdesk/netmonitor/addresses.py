"""Read the names and IP addresses of hosts, and bring each to one form.

What is no plain address is refused: it becomes a question to name servers and an argument of the command `ping`. A name
whose last part is a number is an IP address that somebody mistyped, or one in a form that hides what it means (127.1).
"""

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

import idna

LONGEST_NAME = 253
LARGEST_PORT = 65_535
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NO_URL = re.compile(r"[\x00-\x20\x7f-\xa0\\<>\"`{}|^\u2028\u2029\ud800-\udfff]")


class Url(NamedTuple):
    """The parts of a URL that are known to be plain; `host` is as `ascii_host` returns it."""

    scheme: str
    host: str
    port: int | None
    rest: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else in_letters(self.host)
        return f"{self.scheme}://{host}{f':{self.port}' if self.port else ''}{self.rest}"


@lru_cache(maxsize=1024)
def ascii_host(text: str) -> str:
    """Return a name or an IP address in the form in which it is looked up; empty for anything else."""
    if address := ip_address(text[1:-1] if text.startswith("[") and text.endswith("]") else text):
        return address
    name = _ascii_name(text.removesuffix("."))
    labels = name.split(".")
    if len(name) > LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)) or _NUMBER.fullmatch(labels[-1]):
        return ""
    return name


def ip_address(text: str) -> str:
    """Return an IP address in its shortest form; empty for anything else. An address with a zone is none."""
    try:
        return str(ipaddress.ip_address(text)) if "%" not in text else ""
    except ValueError:
        return ""


def in_letters(host: str) -> str:
    """Return a host of `ascii_host` as people read it: names of other alphabets in their letters."""
    try:
        return idna.decode(host) if "xn--" in host else host
    except (idna.IDNAError, UnicodeError):
        return host


def url(text: str) -> Url | None:
    """Return the parts of an address of the web, without its fragment; None for anything else.

    A name and a password in it are refused: the address is shown to everybody who sees the monitor.
    """
    if _NO_URL.search(text):
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    host = ascii_host(parts.hostname or "")
    if parts.scheme not in ("http", "https") or not host or port == 0 or "@" in parts.netloc:
        return None
    return Url(parts.scheme, host, port, _rest(parts))


def _rest(parts: SplitResult) -> str:
    return f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def _ascii_name(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True).decode() if len(text) <= LONGEST_NAME else ""
    except (idna.IDNAError, UnicodeError):
        return ""
