"""Every setting, and the sole reader of the environment.

A value comes from the environment, else from `.env`, else from config.ini (named by HELPDESK_CONFIG); in the first two
a secret may also be NAME_FILE, the file that holds it. An empty value counts as absent. What is wrong is told all
at once.
"""

import os
import re
from collections.abc import Callable, Mapping
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

MEGABYTE = 1024 * 1024
SHORTEST_KEY = 32
SECONDS = {"second": 1, "minute": 60, "hour": 3600}
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}
MASK = "••••••"
KEPT_IN_DEMO = ("TIMEZONE", "DEFAULT_LOCALE", "LOGIN_RATE_LIMIT")


class RateLimit(NamedTuple):
    """At most `count` in `seconds`."""

    count: int  # type: ignore[assignment]  # tuple.count is not missed
    seconds: int


class Problem(NamedTuple):
    """What is wrong with a setting and what helps; never its value."""

    name: str
    fault: str
    hint: str

    def __str__(self) -> str:
        return f"{self.name}: {self.fault}. {self.hint}."


class SettingsError(Exception):
    """All problems of the settings at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


class Fault(ValueError):
    """A value that its cast refuses: what is wrong, and what would be right."""

    def __init__(self, fault: str, hint: str) -> None:
        super().__init__(fault)
        self.fault, self.hint = fault, hint


class Described(NamedTuple):
    name: str
    value_shown: str
    source: str


def _secret_key(text: str) -> str:
    if len(text) < SHORTEST_KEY:
        raise Fault(f"is shorter than {SHORTEST_KEY} characters", "Make one by: openssl rand -hex 32")
    return text


def _database_url(text: str) -> str:
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


def _http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        right = False
    if not right or re.search(r"[@?#\s]", text):
        raise Fault("is not a plain http or https address", "Give one such as https://redmine.example.test")
    return text.rstrip("/")


def _origin(text: str) -> str:
    address = _http_url(text)
    if urlsplit(address).path:
        raise Fault("has more than scheme, host and port", "Give only https://helpdesk.example.test")
    return address


def _rate(text: str) -> RateLimit | None:
    if text.lower() == "off":
        return None
    found = re.fullmatch(r"([1-9]\d{0,5})\s*/\s*(second|minute|hour)", text.lower())
    if not found:
        raise Fault("is not a rate", "Give one such as 5/minute, or off")
    return RateLimit(int(found[1]), SECONDS[found[2]])


def _flag(text: str) -> bool:
    if text.lower() not in TRUE | FALSE:
        raise Fault("is neither yes nor no", "Give 1 or 0, true or false, yes or no, on or off")
    return text.lower() in TRUE


def _size(text: str) -> int:
    found = re.fullmatch(r"([1-9]\d{0,12})\s*(MB)?", text, re.IGNORECASE)
    if not found:
        raise Fault("is not a size", "Give bytes, or megabytes as in 16 MB")
    return int(found[1]) * (MEGABYTE if found[2] else 1)


def _timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise Fault("is no time zone", "Give one such as Europe/Moscow") from error


def _one_of(*known: str) -> Callable[[str], str]:
    def cast(text: str) -> str:
        if text.lower() not in known:
            raise Fault("is not known", f"Give one of: {', '.join(known)}")
        return text.lower()

    return cast


def setting(
    name: str, cast: Callable[[str], Any], default: Any, meaning: str, ini: str = "", secret: bool = False
) -> Any:
    """A field of Settings. `ini` is `section.option` of config.ini; a secret is masked and may come from NAME_FILE."""
    told = {"name": name, "cast": cast, "meaning": meaning, "ini": ini, "secret": secret}
    return field(default=default, metadata=told, repr=not secret)


@dataclass(frozen=True)
class Settings:
    """Typed values. `sources` says of each name where it came from; `demo` is set by `helpdesk demo` alone."""

    secret_key: str | None = setting(
        "SECRET_KEY", _secret_key, None, "signs cookies; at least 32 characters", secret=True
    )
    database_url: str = setting(
        "DATABASE_URL", _database_url, "sqlite:///helpdesk.db", "our own store", "database.db_path", secret=True
    )
    redmine_url: str | None = setting(
        "REDMINE_URL", _http_url, None, "Redmine; absent: the embedded tracker", "redmine.url"
    )
    redmine_api_key: str | None = setting(
        "REDMINE_API_KEY", str, None, "the API key of a Redmine administrator", "redmine.api_key", secret=True
    )
    redmine_text_format: Literal["textile", "markdown", "html"] = setting(
        "REDMINE_TEXT_FORMAT",
        _one_of("textile", "markdown", "html"),
        "textile",
        "Redmine's own text formatting, which its API does not tell: textile, markdown or html",
    )
    login_rate_limit: RateLimit | None = setting(
        "LOGIN_RATE_LIMIT",
        _rate,
        RateLimit(5, 60),
        "failed sign-ins allowed per login and address, such as 5/minute; off: no limit",
    )
    public_url: str | None = setting(
        "PUBLIC_URL", _origin, None, "our own address as browsers see it: scheme, host and port"
    )
    secure_cookie: bool | None = setting(
        "SESSION_COOKIE_SECURE", _flag, None, "the session cookie's Secure flag; absent: on when PUBLIC_URL is https"
    )
    max_content_length: int = setting(
        "MAX_CONTENT_LENGTH", _size, 16 * MEGABYTE, "the largest body taken, in bytes or as 16 MB"
    )
    timezone: ZoneInfo = setting("TIMEZONE", _timezone, ZoneInfo("Europe/Moscow"), "the time zone of dates on screen")
    default_locale: str = setting(
        "DEFAULT_LOCALE",
        _one_of("ru", "en"),
        "ru",
        "the language of those whose browser asks for none of ours: ru or en",
    )
    config: str = setting("HELPDESK_CONFIG", str, "config.ini", "the config.ini to read")
    demo: bool = False
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def session_cookie_secure(self) -> bool:
        if self.secure_cookie is None:
            return (self.public_url or "").startswith("https:")
        return self.secure_cookie


KNOWN = {each.metadata["name"]: each for each in fields(Settings) if each.metadata}
SECRETS = [name for name, each in KNOWN.items() if each.metadata["secret"]]


def load(environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings that apply in `folder`. Raises SettingsError with everything that is wrong."""
    sources, problems = _sources(environ, folder)
    return _typed({name: given for name in KNOWN if (given := _given(name, sources))}, problems)


def demo(environ: Mapping[str, str], folder: Path, data: Path, secret_key: str) -> Settings:
    """The demo's: a store in `data` and no outside system, whatever is configured, rightly or wrongly.

    Raises SettingsError for the three settings that do count.
    """
    sources = _plain_sources(environ, folder)
    kept = {name: given for name in KEPT_IN_DEMO if (given := _given(name, sources))}
    own = {"SECRET_KEY": secret_key, "DATABASE_URL": f"sqlite:///{data / 'helpdesk.db'}"}
    return _typed(kept | {name: Given(value, "demo") for name, value in own.items()}, [], demo=True)


def from_process() -> Settings:
    """The settings of this process, from its environment and folder. Raises SettingsError."""
    return load(environment(), Path.cwd())


def environment() -> Mapping[str, str]:
    return os.environ


def require_secret_key(settings: Settings) -> None:
    """Raises SettingsError: serving needs a SECRET_KEY, the other commands do not."""
    if settings.secret_key is None:
        raise SettingsError([Problem("SECRET_KEY", "is missing", "Make one by: openssl rand -hex 32")])


def described(settings: Settings) -> list[Described]:
    """Every setting with its value as it may be shown, and where it came from."""
    effective = vars(settings) | {"secure_cookie": settings.session_cookie_secure}
    return [
        Described(name, _shown(name, effective[each.name]), settings.sources.get(name, "default"))
        for name, each in KNOWN.items()
    ]


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "off" if name == "LOGIN_RATE_LIMIT" else "-"
    if name == "DATABASE_URL":
        return make_url(value).render_as_string(hide_password=True)
    if isinstance(value, RateLimit):
        return f"{value.count} in {value.seconds} s"
    return MASK if KNOWN[name].metadata["secret"] else str(value)


class Given(NamedTuple):
    """A value as it was written, and where."""

    text: str
    source: str


Source = tuple[str, Mapping[str, str]]  # what it is called, and what it gives by the environment's names


def _typed(found: Mapping[str, Given], problems: list[Problem], demo: bool = False) -> Settings:
    values = {}
    for name, (text, _) in found.items():
        try:
            values[KNOWN[name].name] = KNOWN[name].metadata["cast"](text)
        except Fault as wrong:
            problems = [*problems, Problem(name, wrong.fault, wrong.hint)]
    problems = problems + _incomplete(found)
    if problems:
        raise SettingsError(problems)
    return Settings(**values, demo=demo, sources={name: source for name, (_, source) in found.items()})


def _incomplete(found: Mapping[str, Given]) -> list[Problem]:
    missing = {"REDMINE_URL", "REDMINE_API_KEY"} - found.keys()
    if len(missing) != 1:
        return []
    return [Problem(missing.pop(), "is missing", "REDMINE_URL and REDMINE_API_KEY go together")]


def _given(name: str, sources: list[Source]) -> Given | None:
    return next((Given(values[name], source) for source, values in sources if name in values), None)


def _plain_sources(environ: Mapping[str, str], folder: Path) -> list[Source]:
    return [("environment", _present(environ)), (".env", _present(_dotenv(folder)))]


def _sources(environ: Mapping[str, str], folder: Path) -> tuple[list[Source], list[Problem]]:
    """Everything that gives values, strongest first, and what is wrong with the files among them."""
    result: list[Source] = []
    problems: list[Problem] = []
    for source, values in _plain_sources(environ, folder):
        secrets, wrong = _secret_files(values, folder)
        result += [(source, values), ("file", secrets)]
        problems += wrong
    config = _given("HELPDESK_CONFIG", result)
    ini, wrong = _ini(folder / (config.text if config else "config.ini"), required=config is not None)
    return [*result, ("config.ini", ini)], problems + wrong


def _present(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text.strip() for name, text in values.items() if text and text.strip()}


def _dotenv(folder: Path) -> Mapping[str, str | None]:
    try:
        return dotenv_values(folder / ".env", interpolate=False)  # a secret may hold ${
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([Problem(".env", "can't be read", "Check its rights; it must be UTF-8")]) from error


def _secret_files(values: Mapping[str, str], folder: Path) -> tuple[dict[str, str], list[Problem]]:
    """The secrets in the files that NAME_FILE names."""
    secrets: dict[str, str | None] = {}
    problems = []
    for name in SECRETS:
        path = values.get(f"{name}_FILE")
        if path and name in values:
            problems.append(Problem(name, f"is given, and {name}_FILE too", "Keep one of them"))
        elif path:
            try:
                secrets[name] = (folder / path).read_text(encoding="utf-8")
            except (OSError, ValueError):
                problems.append(Problem(f"{name}_FILE", "names no readable file", "Check its path and rights"))
    return _present(secrets), problems


def _ini(file: Path, required: bool) -> tuple[dict[str, str], list[Problem]]:
    """What config.ini gives, by the environment's names. The predecessor's file: no interpolation of %."""
    ini = ConfigParser(interpolation=None, strict=False)
    try:
        if required or file.exists():
            ini.read_string(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, IniError):
        return {}, [Problem("HELPDESK_CONFIG", "names no readable ini file", "Check its path, rights and UTF-8")]
    places = {name: each.metadata["ini"].split(".") for name, each in KNOWN.items() if each.metadata["ini"]}
    return _present({name: ini.get(*place, fallback=None) for name, place in places.items()}), []
