"""Every setting, and the sole reader of the environment.

A value comes from the environment, else from `.env`, else from config.ini (named by HELPDESK_CONFIG); in the first two
a secret may also be NAME_FILE, the file that holds it. An empty value counts as absent. What is wrong is told all
at once.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy.engine import URL, make_url

from helpdesk import casts, pacing, setting_sources
from helpdesk.casts import Fault, RateLimit
from helpdesk.pacing import Schedule
from helpdesk.setting_sources import Given, Problem, given
from helpdesk.setting_sources import SettingsError as SettingsError

MASK = "••••••"
KEPT_IN_DEMO = ("TIMEZONE", "DEFAULT_LOCALE", "LOGIN_RATE_LIMIT")
REDMINE = ("REDMINE_URL", "REDMINE_API_KEY")
MYSQL = ("MYSQL_HOST", "MYSQL_USER", "MYSQL_DATABASE")
# What is needed as soon as one of those is given, and why.
TOGETHER = (
    (REDMINE, {*REDMINE}, "REDMINE_URL and REDMINE_API_KEY go together"),
    (MYSQL, {*MYSQL, "MYSQL_PASSWORD"}, "MYSQL_HOST, MYSQL_USER and MYSQL_DATABASE go together"),
    (REDMINE, {*MYSQL, "MYSQL_PASSWORD"}, "Redmine's database is only read: writing goes through Redmine itself"),
)


class Described(NamedTuple):
    name: str
    value_shown: str
    source: str


def setting(
    name: str, cast: Callable[[str], Any], default: Any, meaning: str, ini: str = "", secret: bool = False
) -> Any:
    """A field of Settings. `ini` is `section.option` of config.ini, its other names after it, parted by spaces; a
    secret is masked and may come from NAME_FILE."""
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
    mysql_host: str | None = setting(
        "MYSQL_HOST", str, None, "the server of Redmine's database; absent: everything over REST", "mysql.host"
    )
    mysql_port: int = setting("MYSQL_PORT", casts.port, 3306, "its port", "mysql.port")
    mysql_user: str | None = setting(
        "MYSQL_USER", str, None, "who may read there, and nothing more", "mysql.user mysql.user_name"
    )
    mysql_password: str | None = setting("MYSQL_PASSWORD", str, None, "their password", "mysql.password", secret=True)
    mysql_database: str | None = setting("MYSQL_DATABASE", str, None, "the name of the database", "mysql.database")
    db_timezone: ZoneInfo | None = setting(
        "REDMINE_DB_TIMEZONE",
        casts.timezone,
        None,
        "the time zone of Redmine's process, whose local time its database holds; absent: TIMEZONE",
    )
    redis_url: str | None = setting(
        "REDIS_URL",
        casts.redis_url,
        None,
        "Redis, by which several processes of ours wake each other's open pages; absent: one process",
        secret=True,
    )
    poll_interval: int = setting(
        "POLL_INTERVAL", pacing.seconds, 3, "seconds between two looks for what changed in Redmine"
    )
    poll_schedule: Schedule | None = setting(
        "POLL_SCHEDULE", pacing.schedule, None, "other intervals by days and hours: sat-sun 30; mon-fri 20:00-07:00 15"
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
    def redmine_db_timezone(self) -> ZoneInfo:
        return self.db_timezone or self.timezone

    @property
    def mysql_url(self) -> URL | None:
        """Redmine's database for SQLAlchemy, printed without its password; nothing when none is set."""
        if self.mysql_host is None:
            return None
        return URL.create(
            "mysql+pymysql",
            self.mysql_user,
            self.mysql_password,
            self.mysql_host,
            self.mysql_port,
            self.mysql_database,
            {"charset": "utf8mb4"},
        )

    @property
    def files_folder(self) -> Path:
        store = make_url(self.database_url)
        beside = Path(store.database or "").parent if store.get_backend_name() == "sqlite" else Path()
        return self.upload_folder or beside / "files"


KNOWN = {each.metadata["name"]: each for each in fields(Settings) if each.metadata}
SECRETS = [name for name, each in KNOWN.items() if each.metadata["secret"]]
PLACES = {name: each.metadata["ini"] for name, each in KNOWN.items()}


def load(environ: Mapping[str, str], folder: Path) -> Settings:
    """The settings that apply in `folder`. Raises SettingsError with everything that is wrong."""
    sources, problems = setting_sources.every(environ, folder, SECRETS, PLACES)
    return _typed({name: found for name in KNOWN if (found := given(name, sources))}, problems)


def demo(environ: Mapping[str, str], folder: Path, data: Path, secret_key: str) -> Settings:
    """The demo's: a store in `data` and no outside system, whatever is configured, rightly or wrongly.

    Raises SettingsError for the three settings that do count.
    """
    sources = setting_sources.plain(environ, folder)
    kept = {name: found for name in KEPT_IN_DEMO if (found := given(name, sources))}
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
        "db_timezone": settings.redmine_db_timezone,
    }
    return [
        Described(name, _shown(name, effective[each.name]), settings.sources.get(name, "default"))
        for name, each in KNOWN.items()
    ]


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "off" if name == "LOGIN_RATE_LIMIT" else "-"
    if name in ("DATABASE_URL", "REDIS_URL"):
        return make_url(value).render_as_string(hide_password=True)
    if isinstance(value, RateLimit):
        return f"{value.count} in {value.seconds} s"
    return MASK if KNOWN[name].metadata["secret"] else str(value)


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
    """Settings that lack others. A port alone asks for no database."""
    problems: dict[str, Problem] = {}
    for needed, begun_by, hint in TOGETHER:
        if begun_by & found.keys():
            missing = [name for name in needed if name not in found]
            problems = {name: Problem(name, "is missing", hint) for name in missing} | problems
    return list(problems.values())
