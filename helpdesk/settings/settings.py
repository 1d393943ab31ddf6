"""The table of settings, and the only module that reads the environment.

A value comes from the environment, else from `.env`, else from config.ini (named by HELPDESK_CONFIG). In the first two
a secret may also be NAME_FILE, the file that holds it. An empty value counts as absent. All problems are reported at
once.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy.engine import URL, make_url

from helpdesk.settings import later as later_settings
from helpdesk.settings import parsing
from helpdesk.settings import sources as settings_sources
from helpdesk.settings.access import AccessSettings
from helpdesk.settings.channels import ChannelSettings
from helpdesk.settings.company import CompanySettings
from helpdesk.settings.field import setting
from helpdesk.settings.later import LATER
from helpdesk.settings.netmonitor import NetmonitorSettings
from helpdesk.settings.origins import origin
from helpdesk.settings.parsing import AccountNames, RateLimit
from helpdesk.settings.poll_schedule import Schedule, parse_schedule, parse_seconds
from helpdesk.settings.quality import QualitySettings
from helpdesk.settings.sources import Given, Problem, Row, given
from helpdesk.settings.sources import SettingsError as SettingsError
from helpdesk.settings.telephony import TelephonySettings

HTTPS_PORT = 443
KEPT_IN_DEMO = ("TIMEZONE", "DEFAULT_LOCALE", "LOGIN_RATE_LIMIT", "BRAND_NAME", "LOG_LEVEL", "HELPDESK_DEMO_PUBLIC")


@dataclass(frozen=True)
class Settings(
    QualitySettings, NetmonitorSettings, TelephonySettings, ChannelSettings, CompanySettings, AccessSettings
):
    """Typed values of all settings.

    `sources` holds the source of each name, `demo` is set by `helpdesk demo`, `later` are settings of systems that are
    not reached yet, `notices` sentences about what was not understood.
    """

    secret_key: str | None = setting(
        "SECRET_KEY",
        "signs cookies and encrypts secrets; at least 32 characters. After a change give the old ones too, with commas "
        "between them",
        parsing.secret_key,
        secret=True,
    )
    database_url: str = setting(
        "DATABASE_URL", "our own store", parsing.database_url, default="sqlite:///helpdesk.db", secret=True
    )
    redmine_url: str | None = setting(
        "REDMINE_URL", "Redmine; absent: the embedded tracker", parsing.http_url, ini="redmine.url"
    )
    redmine_api_key: str | None = setting(
        "REDMINE_API_KEY", "the API key of a Redmine administrator", ini="redmine.api_key", secret=True
    )
    redmine_ca_bundle: Path | None = setting(
        "REDMINE_CA_BUNDLE", "the authority of Redmine's certificate; absent: CA_BUNDLE", parsing.ca_bundle
    )
    redmine_text_format: Literal["textile", "markdown", "html"] = setting(
        "REDMINE_TEXT_FORMAT",
        "Redmine's own text formatting, which its API does not show: textile, markdown or html",
        parsing.one_of("textile", "markdown", "html"),
        default="textile",
    )
    mysql_host: str | None = setting(
        "MYSQL_HOST", "the server of Redmine's database; absent: everything over REST", ini="mysql.host"
    )
    mysql_port: int = setting("MYSQL_PORT", "its port", parsing.port, default=3306, ini="mysql.port")
    mysql_user: str | None = setting(
        "MYSQL_USER", "a database user who may only read", ini="mysql.user mysql.user_name"
    )
    mysql_password: str | None = setting("MYSQL_PASSWORD", "its password", ini="mysql.password", secret=True)
    mysql_database: str | None = setting("MYSQL_DATABASE", "the name of the database", ini="mysql.database")
    mysql_ssl_ca: Path | None = setting(
        "MYSQL_SSL_CA", "the authority of that server's certificate; absent: CA_BUNDLE", parsing.ca_bundle
    )
    mysql_mode: str | None = setting(
        "MYSQL_SSL_MODE",
        "the encryption of that connection: DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY; absent: "
        "VERIFY_CA with MYSQL_SSL_CA, else PREFERRED",
        parsing.one_of("disabled", "preferred", "required", "verify_ca", "verify_identity"),
    )
    db_timezone: ZoneInfo | None = setting(
        "REDMINE_DB_TIMEZONE",
        "the time zone of Redmine's process, whose local time its database holds; absent: TIMEZONE",
        parsing.timezone,
    )
    redis_url: str | None = setting(
        "REDIS_URL",
        "Redis, through which several processes wake each other's open pages; absent: one process",
        parsing.redis_url,
        secret=True,
    )
    poll_interval: int = setting(
        "POLL_INTERVAL", "seconds between two polls of Redmine for changes", parse_seconds, default=3
    )
    poll_schedule: Schedule | None = setting(
        "POLL_SCHEDULE", "other intervals by days and hours: sat-sun 30; mon-fri 20:00-07:00 15", parse_schedule
    )
    login_rate_limit: RateLimit | None = setting(
        "LOGIN_RATE_LIMIT",
        "failed sign-ins allowed per login and address, such as 5/minute; off: no limit",
        parsing.rate,
        default=RateLimit(5, 60),
    )
    session_idle: timedelta = setting(
        "SESSION_IDLE",
        'a session ends after so long without an opened page or a save: 12h, 30m, 7d; "keep me signed in" '
        "lasts 30 days",
        parsing.idle,
        default=timedelta(hours=12),
        ini="oracle.session_idle ldap.session_idle",
    )
    administrators: AccountNames | None = setting(
        "ADMINISTRATORS",
        "administrators of the helpdesk, besides those set by command: redmine:ivanov,oracle:petrov",
        parsing.account_names,
    )
    registration: bool | None = setting(
        "REGISTRATION",
        "whether people may create their own accounts; absent: on if no directory is set",
        parsing.flag,
    )
    public_url: str | None = setting("PUBLIC_URL", "our own address as browsers see it: scheme, host and port", origin)
    secure_cookie: bool | None = setting(
        "SESSION_COOKIE_SECURE", "the cookie's Secure flag; absent: on when PUBLIC_URL is https", parsing.flag
    )
    ca_bundle: Path | None = setting(
        "CA_BUNDLE",
        "a file of certificates (PEM): the company's own authorities, trusted in addition to the usual ones",
        parsing.ca_bundle,
    )
    outbound_proxy: str | None = setting(
        "OUTBOUND_PROXY",
        "the proxy for requests that leave the company: to push services and Firebase; not used for Redmine, mail or "
        "a database",
        parsing.proxy_url,
        secret=True,
    )
    max_content_length: int = setting(
        "MAX_CONTENT_LENGTH",
        "the largest request body, in bytes or as 16 MB",
        parsing.size,
        default=16 * parsing.MEGABYTE,
    )
    embedded_files: Path | None = setting(
        "FILES_FOLDER", "where the files of tasks and announcements lie; absent: beside the SQLite store", Path
    )
    brand_name: str = setting("BRAND_NAME", "the name on every page", default="TEZ Navigator")
    log_level: str = setting(
        "LOG_LEVEL",
        "the lowest level that is logged: debug, info, warning, error or critical",
        parsing.one_of("debug", "info", "warning", "error", "critical"),
        default="info",
    )
    timezone: ZoneInfo = setting(
        "TIMEZONE", "the time zone of dates shown", parsing.timezone, default=ZoneInfo("Europe/Moscow")
    )
    default_locale: str = setting(
        "DEFAULT_LOCALE",
        "the language for browsers that ask for none of ours: ru or en",
        parsing.one_of("ru", "en"),
        default="ru",
    )
    colors: Mapping[str, str] | None = setting(
        "COLORS",
        "other colors of statuses and priorities for programs, by their ids: status:5=#00ff00, priority:3=#ff8800",
        parsing.colors,
    )
    demo_public: bool = setting(
        "HELPDESK_DEMO_PUBLIC",
        "allows access to `helpdesk demo` from other machines, as in a container",
        parsing.flag,
        default=False,
    )
    config: str = setting("HELPDESK_CONFIG", "the config.ini to read", default="config.ini")
    demo: bool = False
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    later: Mapping[str, Given] = field(default_factory=dict, repr=False)
    notices: tuple[str, ...] = ()

    @property
    def session_cookie_secure(self) -> bool:
        if self.secure_cookie is None:
            return (self.public_url or "").startswith("https:")
        return self.secure_cookie

    @property
    def may_register(self) -> bool:
        # Half of a directory's settings show that one is meant: a misspelt name of the other half opens no door.
        oracle = self.oracle_host, self.oracle_service, self.oracle_user, self.oracle_password
        ldap = self.ldap_url, self.ldap_bind_dn, self.ldap_bind_password, self.ldap_base_dn
        has_directory = any((self.redmine_url, *oracle, *ldap))
        return not has_directory if self.registration is None else self.registration

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """Return the keys, the newest first: it signs and encrypts, the others are still accepted."""
        return parsing.keys(self.secret_key or "")

    @property
    def only_https(self) -> bool:
        """Tell whether browsers may be made to use https alone, which holds for all ports of a host."""
        parts = urlsplit(self.public_url or "")
        return parts.scheme == "https" and parts.port in (None, HTTPS_PORT)

    @property
    def redmine_db_timezone(self) -> ZoneInfo:
        return self.db_timezone or self.timezone

    @property
    def mysql_url(self) -> URL | None:
        """Return the address of Redmine's database, printed without its password; None when it is not set."""
        if self.mysql_host is None:
            return None
        place = self.mysql_user, self.mysql_password, self.mysql_host, self.mysql_port, self.mysql_database
        return URL.create("mysql+pymysql", *place, {"charset": "utf8mb4"})

    @property
    def mysql_ssl_mode(self) -> str:
        return self.mysql_mode or ("verify_ca" if self.mysql_ssl_ca else "preferred")

    @property
    def files_folder(self) -> Path:
        store = make_url(self.database_url)
        beside = Path(store.database or "").parent if store.get_backend_name() == "sqlite" else Path()
        return self.embedded_files or beside / "files"

    @property
    def pictures_folder(self) -> Path:
        return self.upload_folder or self.files_folder.parent / "pictures"


LAST = {each.name for part in Settings.__bases__ for each in fields(part)}
KNOWN = {
    each.metadata["name"]: each
    for each in sorted(fields(Settings), key=lambda each: each.name in LAST)
    if each.metadata
}
ROWS: dict[str, Row] = {**{name: each.metadata["row"] for name, each in KNOWN.items()}, **LATER}


def load(environ: Mapping[str, str], folder: Path) -> Settings:
    """Return the settings that apply in `folder`. Raises SettingsError with all problems."""
    sources, problems, notices = settings_sources.read_all(environ, folder, ROWS)
    later = given(LATER, sources)
    problems, unused = later_settings.split_off_later([*problems, *settings_sources.parse_all(later, ROWS)[1]])
    its = _typed(given(KNOWN, sources), problems, notices)
    later_settings.leave_predecessor_alone(its.database_url, folder, later)
    return replace(its, later=later, notices=(*unused, *notices, *its.unfinished, *its.careless, *its.without_tasks))


def demo(environ: Mapping[str, str], folder: Path, data: Path, secret_key: str) -> Settings:
    """Return the demo's settings: a store in `data` and no outside system, even where one is set.

    Raises SettingsError for the few settings that the demo takes over.
    """
    values = given(KEPT_IN_DEMO, settings_sources.plain(environ, folder))
    own = {"SECRET_KEY": secret_key, "DATABASE_URL": f"sqlite:///{data / 'helpdesk.db'}"}
    settings = _typed(values | {name: Given(text, "demo") for name, text in own.items()}, [])
    return replace(settings, demo=True, netmonitor_status_page=True)


def from_process() -> Settings:
    """Return the settings of this process, from its environment and folder. Raises SettingsError."""
    return load(environment(), Path.cwd())


def environment() -> Mapping[str, str]:
    return os.environ


def require_secret_key(settings: Settings) -> None:
    """Raise SettingsError without a SECRET_KEY: serving needs one, the other commands do not."""
    if settings.secret_key is None:
        raise SettingsError([Problem("SECRET_KEY", "is missing", "Make one by: openssl rand -hex 32")])


def _typed(values: Mapping[str, Given], problems: list[Problem], notices: Iterable[str] = ()) -> Settings:
    """Parse the values. Raises SettingsError with all problems, these among them, and the notices."""
    parsed, invalid = settings_sources.parse_all(values, ROWS)
    problems = [*problems, *invalid, *settings_sources.incomplete(values)]
    if problems:
        raise SettingsError(problems, notices)
    typed = {KNOWN[name].name: value for name, value in parsed.items()}
    return Settings(**typed, sources={name: source for name, (_, source) in values.items()})
