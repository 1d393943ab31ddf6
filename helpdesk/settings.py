"""Every setting, and the sole reader of the environment.

A value comes from the environment, else from `.env`, else from config.ini (named by HELPDESK_CONFIG); in the first two
a secret may also be NAME_FILE, the file that holds it. An empty value counts as absent. What is wrong is told all
at once.
"""

import os
from collections.abc import Callable, Mapping
from configparser import ConfigParser
from configparser import Error as IniError
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from sqlalchemy.engine import make_url

from helpdesk import casts
from helpdesk.casts import Fault, RateLimit

MASK = "••••••"
KEPT_IN_DEMO = ("TIMEZONE", "DEFAULT_LOCALE", "LOGIN_RATE_LIMIT")


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


class Described(NamedTuple):
    name: str
    value_shown: str
    source: str


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
        "SECRET_KEY", casts.secret_key, None, "signs cookies; at least 32 characters", secret=True
    )
    database_url: str = setting(
        "DATABASE_URL", casts.database_url, "sqlite:///helpdesk.db", "our own store", "database.db_path", secret=True
    )
    redmine_url: str | None = setting(
        "REDMINE_URL", casts.http_url, None, "Redmine; absent: the embedded tracker", "redmine.url"
    )
    redmine_api_key: str | None = setting(
        "REDMINE_API_KEY", str, None, "the API key of a Redmine administrator", "redmine.api_key", secret=True
    )
    redmine_text_format: Literal["textile", "markdown", "html"] = setting(
        "REDMINE_TEXT_FORMAT",
        casts.one_of("textile", "markdown", "html"),
        "textile",
        "Redmine's own text formatting, which its API does not tell: textile, markdown or html",
    )
    login_rate_limit: RateLimit | None = setting(
        "LOGIN_RATE_LIMIT",
        casts.rate,
        RateLimit(5, 60),
        "failed sign-ins allowed per login and address, such as 5/minute; off: no limit",
    )
    public_url: str | None = setting(
        "PUBLIC_URL", casts.origin, None, "our own address as browsers see it: scheme, host and port"
    )
    secure_cookie: bool | None = setting(
        "SESSION_COOKIE_SECURE",
        casts.flag,
        None,
        "the cookie's Secure flag; absent: on when PUBLIC_URL is https",
    )
    max_content_length: int = setting(
        "MAX_CONTENT_LENGTH", casts.size, 16 * casts.MEGABYTE, "the largest body taken, in bytes or as 16 MB"
    )
    upload_folder: Path | None = setting(
        "UPLOAD_FOLDER", Path, None, "where the embedded tracker keeps files; absent: files beside the SQLite store"
    )
    timezone: ZoneInfo = setting("TIMEZONE", casts.timezone, ZoneInfo("Europe/Moscow"), "the time zone of dates shown")
    default_locale: str = setting(
        "DEFAULT_LOCALE",
        casts.one_of("ru", "en"),
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

    @property
    def files_folder(self) -> Path:
        store = make_url(self.database_url)
        beside = Path(store.database or "").parent if store.get_backend_name() == "sqlite" else Path()
        return self.upload_folder or beside / "files"


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
    effective = vars(settings) | {
        "secure_cookie": settings.session_cookie_secure,
        "upload_folder": settings.files_folder,
    }
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
