"""Parsers: each turns the text of a setting into its typed value.

A parser raises InvalidSetting, which says what is wrong and how to write it right. It never holds the value, which
may be a secret.
"""

import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from helpdesk import tls
from helpdesk.people.rights import GRANTED

MEGABYTE = 1024 * 1024
SHORTEST_KEY = 32
LARGEST_PORT = 65_535
MOST_DAYS = 36_500
SECONDS_OF_UNIT = {"second": 1, "minute": 60, "hour": 3600}
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST_IDLE = timedelta(days=30)
DIRECTORIES = ("local", "redmine", "oracle", "ldap")
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


class RateLimit(NamedTuple):
    """Allow at most `count` in `seconds`."""

    count: int  # type: ignore[assignment]  # it hides tuple.count, which nobody calls here
    seconds: int


class AccountName(NamedTuple):
    """A login with the directory that checks its password, written `redmine:ivanov`."""

    source: str
    login: str

    def __str__(self) -> str:
        return f"{self.source}:{self.login}"


class AccountNames(tuple[AccountName, ...]):
    """Account names, printed with commas between them."""

    def __str__(self) -> str:
        return ",".join(map(str, self))


class InvalidSetting(ValueError):
    """A value that cannot be right: the reason, and a hint how to write it."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason, self.hint = reason, hint


def secret_key(text: str) -> str:
    """Return the text of one key or of a list. A text without a long enough part is one key, commas and all."""
    parts = _parts(text)
    lengths = [len(each) >= SHORTEST_KEY for each in parts]
    if any(lengths) and not all(lengths):
        raise InvalidSetting(
            f"has a part between commas that is shorter than {SHORTEST_KEY} characters",
            "In a list each key has at least as many. Give a single key without a comma: openssl rand -hex 32",
        )
    if not parts or len(text) < SHORTEST_KEY:
        raise InvalidSetting(f"is shorter than {SHORTEST_KEY} characters", "Make one by: openssl rand -hex 32")
    return text


def keys(text: str) -> tuple[str, ...]:
    """Return the keys of a list that `secret_key` accepted."""
    parts = _parts(text)
    return parts if parts and all(len(each) >= SHORTEST_KEY for each in parts) else (text,)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


def database_url(text: str) -> str:
    """Return an address for SQLAlchemy; a bare path, as the predecessor wrote it, means a SQLite file."""
    address = text if "://" in text else f"sqlite:///{text}"
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # "from None" because both repeat the address, which may hold a password
        raise InvalidSetting("is not a database address", "Give a path, sqlite:///…, postgresql+psycopg://…") from None
    if url.get_backend_name() not in ("sqlite", "postgresql", "mysql", "mariadb"):
        raise InvalidSetting("names an unknown kind of database", "SQLite, PostgreSQL and MySQL are known")
    if "@" in (url.host or ""):
        raise InvalidSetting("has more than one @", "Write @ / : % in user and password as %40 %2F %3A %25")
    _refuse_password(url.query)
    return address


def _refuse_password(query: Iterable[str]) -> None:
    """Refuse a password in the query, where logs and listings would show it.

    Drivers have several names for one, such as passwd, sslpassword and ssl_key_password.
    """
    if any("pass" in name.casefold() and name.casefold() != "passfile" for name in query):
        raise InvalidSetting("has the password after the ?", "Put it before the host: user:password@host")


def _has_host(text: str, *schemes: str) -> bool:
    """Check that an address has one of these schemes, a host and, where a port is given, a valid one."""
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def redis_url(text: str) -> str:
    is_valid = _has_host(text, "redis", "rediss") or re.match(r"unix:(//[^/\[\]]*/|/(?!/))", text, re.IGNORECASE)
    if not is_valid or re.search(r"[#\s]", text) or text.count("@") > 1:
        raise InvalidSetting(
            "is not the address of a Redis",
            "Give redis://host:6379, rediss://user:password@host:6379 or unix:///run/redis.sock; in user and password "
            "write @ / : % as %40 %2F %3A %25",
        )
    _refuse_password(parse_qs(urlsplit(text).query))
    return text


def ldap_url(text: str) -> str:
    if not _has_host(text, "ldap", "ldaps") or re.search(r"[@?#\s]", text) or urlsplit(text).path not in ("", "/"):
        raise InvalidSetting("is not the address of an LDAP server", "Give ldap://host or ldaps://host:636")
    return text.rstrip("/")


def ldap_filter(text: str) -> str:
    is_valid = text.startswith("(") and text.endswith(")") and text.count("(") == text.count(")")
    if not is_valid or "{login}" not in text or re.search(r"[{}]", text.replace("{login}", "")):
        raise InvalidSetting("is not a filter with {login}", "Give one such as (&(objectClass=person)(uid={login}))")
    return text


def http_url(text: str) -> str:
    if not _has_host(text, "http", "https") or re.search(r"[@?#\s]", text):
        raise InvalidSetting("is not a plain http or https address", "Give one such as https://redmine.example.test")
    return text.rstrip("/")


def proxy_url(text: str) -> str:
    """Return the proxy's address: the only http address that may hold a user and a password."""
    is_valid = _has_host(text, "http", "https") and urlsplit(text).path in ("", "/")
    if not is_valid or re.search(r"[?#\s]", text) or text.count("@") > 1:
        raise InvalidSetting(
            "is not the address of a proxy", "Give http://proxy:3128 or http://user:password@proxy:3128"
        )
    return text.rstrip("/")


def ca_bundle(text: str) -> Path:
    file = Path(text)
    try:
        tls.certificates(file)
    except OSError:
        hint = "Check its path and rights; it holds certificates (PEM)"
        raise InvalidSetting("names no readable file", hint) from None
    except tls.NoCertificates:
        raise InvalidSetting("names a file without a readable certificate", "Give one of certificates (PEM)") from None
    return file


def port(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,4}", text, re.ASCII) or int(text) > LARGEST_PORT:
        raise InvalidSetting("is no port", f"Give a number from 1 to {LARGEST_PORT}")
    return int(text)


def number(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise InvalidSetting("is not a number", "Give a whole one, such as 365")
    return int(text)


def days(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,4}", text, re.ASCII) or int(text) > MOST_DAYS:
        raise InvalidSetting("is no number of days", f"Give a whole one from 1 to {MOST_DAYS}, such as 365")
    return int(text)


def rate(text: str) -> RateLimit | None:
    if text.lower() == "off":
        return None
    parts = re.fullmatch(r"([1-9]\d{0,5})\s*/\s*(second|minute|hour)", text.lower())
    if not parts:
        raise InvalidSetting("is not a rate", "Give one such as 5/minute, or off")
    return RateLimit(int(parts[1]), SECONDS_OF_UNIT[parts[2]])


def idle(text: str) -> timedelta:
    """Return how long something may stay unused: `12h`, `30m`, `7d`."""
    parts = re.fullmatch(r"([1-9]\d{0,6})\s*([smhd])", text.lower())
    length = timedelta(**{UNITS[parts[2]]: int(parts[1])}) if parts else timedelta()
    if not timedelta() < length <= LONGEST_IDLE:
        hint = f"Give one such as 12h, 30m or 7d, at most {LONGEST_IDLE.days}d"
        raise InvalidSetting("is not a length of time", hint)
    return length


def grace(text: str) -> timedelta | None:
    return None if text.lower() in FALSE else idle(text)


def directories(text: str) -> tuple[str, ...]:
    """Return names of directories in the order in which they are asked."""
    names = tuple(each.strip().lower() for each in text.split(",") if each.strip())
    if not names or not set(names) <= set(DIRECTORIES) or len(set(names)) < len(names):
        raise InvalidSetting("is no list of directories", f"Give some of {', '.join(DIRECTORIES)}, each once")
    return names


def group_rights(text: str) -> dict[str, str]:
    """Return rights by the distinguished names of the groups that give them."""
    pairs = [each.partition("=") for each in re.split(r"[;\n]", text) if each.strip()]
    if not pairs or any("=" not in group for _, _, group in pairs):
        raise InvalidSetting("is no list of rights", "Give one such as is_admin=cn=admins,ou=groups,dc=example,dc=test")
    rights = {group.strip(): right.strip() for right, _, group in pairs}
    if not set(rights.values()) <= set(GRANTED):
        raise InvalidSetting("names a right that does not exist", f"The rights are {', '.join(GRANTED)}")
    if len(rights) < len(pairs):
        raise InvalidSetting(
            "names a group twice", "Each group gives one right; name another group for the other right"
        )
    return rights


def account_name(text: str) -> AccountName:
    source, _, login = text.strip().partition(":")
    if source.lower() not in DIRECTORIES or not login.strip():
        raise InvalidSetting(
            "names an account without its directory",
            f"Give logins such as redmine:ivanov; the directories are {', '.join(DIRECTORIES)}",
        )
    if re.search(r"[;:|\s]", login.strip()):  # two accounts read as one would make neither an administrator
        raise InvalidSetting(
            "has a login that can be none",
            "A login has no space, ; : or | in it; separate accounts by commas: redmine:ivanov, local:petrov",
        )
    return AccountName(source.lower(), login.strip())


def account_names(text: str) -> AccountNames:
    return AccountNames(account_name(each) for each in text.split(",") if each.strip())


def flag(text: str) -> bool:
    if text.lower() not in TRUE | FALSE:
        raise InvalidSetting("is neither yes nor no", "Give 1 or 0, true or false, yes or no, on or off")
    return text.lower() in TRUE


def size(text: str) -> int:
    parts = re.fullmatch(r"([1-9]\d{0,12})\s*(MB)?", text, re.IGNORECASE)
    if not parts:
        raise InvalidSetting("is not a size", "Give bytes, or megabytes as in 16 MB")
    return int(parts[1]) * (MEGABYTE if parts[2] else 1)


def colors(text: str) -> dict[str, str]:
    """Return colors by the status or priority that has them, such as `status:5`."""
    items = [item for item in re.split(r"[,;\s]+", text.lower()) if item]
    if not all(re.fullmatch(r"(status|priority):[1-9]\d{0,9}=#[0-9a-f]{6}", item, re.ASCII) for item in items):
        raise InvalidSetting("is no list of colors", "Give one such as status:5=#00ff00, priority:3=#ff8800")
    return dict(item.split("=") for item in items)


def timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidSetting("is no time zone", "Give one such as Europe/Moscow") from error


def one_of(*known: str) -> Callable[[str], str]:
    """Return the parser of a word that is one of `known`, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in known:
            raise InvalidSetting("is not known", f"Give one of: {', '.join(known)}")
        return text.lower()

    return parse
