"""The text of a setting as its typed value. Each cast raises Fault, which tells what is wrong and never the value."""

import re
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

MEGABYTE = 1024 * 1024
SHORTEST_KEY = 32
LARGEST_PORT = 65_535
SECONDS = {"second": 1, "minute": 60, "hour": 3600}
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


class RateLimit(NamedTuple):
    """At most `count` in `seconds`."""

    count: int  # type: ignore[assignment]  # tuple.count is not missed
    seconds: int


class Fault(ValueError):
    """A value that its cast refuses: what is wrong, and what would be right."""

    def __init__(self, fault: str, hint: str) -> None:
        super().__init__(fault)
        self.fault, self.hint = fault, hint


def secret_key(text: str) -> str:
    if len(text) < SHORTEST_KEY:
        raise Fault(f"is shorter than {SHORTEST_KEY} characters", "Make one by: openssl rand -hex 32")
    return text


def database_url(text: str) -> str:
    """A SQLAlchemy address; a bare path, as the predecessor had it, means a SQLite file."""
    address = text if "://" in text else f"sqlite:///{text}"
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # from None: both repeat what may hold a password
        raise Fault("is not a database address", "Give a path, sqlite:///…, postgresql+psycopg://…") from None
    if url.get_backend_name() not in ("sqlite", "postgresql", "mysql", "mariadb"):
        raise Fault("names an unknown kind of database", "SQLite, PostgreSQL and MySQL are known")
    if "@" in (url.host or ""):
        raise Fault("has more than one @", "Write @ / : % in user and password as %40 %2F %3A %25")
    if "password" in url.query:
        raise Fault("has the password after the ?", "Put it before the host: user:password@host")
    return address


def redis_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        network = (
            parts.scheme in ("redis", "rediss") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        )
        right = network or (parts.scheme == "unix" and parts.path.startswith("/"))
    except ValueError:
        right = False
    if not right or re.search(r"[#\s]", text) or text.count("@") > 1:
        raise Fault(
            "is not the address of a Redis",
            "Give redis://host:6379, rediss://user:password@host:6379 or unix:///run/redis.sock; in user and password "
            "write @ / : % as %40 %2F %3A %25",
        )
    if "password" in parse_qs(parts.query):
        raise Fault("has the password after the ?", "Put it before the host: user:password@host")
    return text


def http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        right = False
    if not right or re.search(r"[@?#\s]", text):
        raise Fault("is not a plain http or https address", "Give one such as https://redmine.example.test")
    return text.rstrip("/")


def origin(text: str) -> str:
    address = http_url(text)
    if urlsplit(address).path:
        raise Fault("has more than scheme, host and port", "Give only https://helpdesk.example.test")
    return address


def port(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,4}", text, re.ASCII) or int(text) > LARGEST_PORT:
        raise Fault("is no port", f"Give a number from 1 to {LARGEST_PORT}")
    return int(text)


def rate(text: str) -> RateLimit | None:
    if text.lower() == "off":
        return None
    found = re.fullmatch(r"([1-9]\d{0,5})\s*/\s*(second|minute|hour)", text.lower())
    if not found:
        raise Fault("is not a rate", "Give one such as 5/minute, or off")
    return RateLimit(int(found[1]), SECONDS[found[2]])


def flag(text: str) -> bool:
    if text.lower() not in TRUE | FALSE:
        raise Fault("is neither yes nor no", "Give 1 or 0, true or false, yes or no, on or off")
    return text.lower() in TRUE


def size(text: str) -> int:
    found = re.fullmatch(r"([1-9]\d{0,12})\s*(MB)?", text, re.IGNORECASE)
    if not found:
        raise Fault("is not a size", "Give bytes, or megabytes as in 16 MB")
    return int(found[1]) * (MEGABYTE if found[2] else 1)


def timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise Fault("is no time zone", "Give one such as Europe/Moscow") from error


def one_of(*known: str) -> Callable[[str], str]:
    def cast(text: str) -> str:
        if text.lower() not in known:
            raise Fault("is not known", f"Give one of: {', '.join(known)}")
        return text.lower()

    return cast
