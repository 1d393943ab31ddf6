"""Read settings from the environment, `.env`, the files of NAME_FILE and config.ini, and parse them."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from dotenv.parser import Binding, parse_stream

from helpdesk.settings import ini_file
from helpdesk.settings.ini_file import IniFile, OptionName
from helpdesk.settings.parsing import InvalidSetting

PREFIXES = (
    "AUDIT_", "BRAND_", "CALLS_", "CA_BUNDLE", "CORS_", "DATABASE_", "DEFAULT_LOCALE", "DIRECTORIES", "EMAIL_", "ERP_",
    "FILES_", "FINESSE_", "FIREBASE_", "HELPDESK_", "JOIN_BY_", "LDAP_", "LOGIN_", "LOG_LEVEL", "MAX_CONTENT_",
    "METRICS_", "MYSQL_", "NETMONITOR_", "ORACLE_", "OUTBOUND_", "PHONE_", "POLL_", "PUBLIC_", "PUSH_", "QUALITY_",
    "REDIS_", "REDMINE_", "SECOND_", "SECRET_KEY", "SESSION_COOKIE_", "SESSION_IDLE", "SMTP_", "UPLOAD_", "VAPID_",
    "RECOVERY_PASSWORD_", "SENDER_", "STATIC_ASSET_",  # the predecessor's
)  # fmt: skip
"""Variables with these prefixes are meant for the helpdesk; the environment also holds those of other programs."""
OF_OTHERS = {"PORT", "WORKERS"}
"""Read by the Procfile and the systemd unit."""
NAME = re.compile(r"[A-Z][A-Z0-9_]{0,39}")
CHECK_FILE = "Check its path and rights"
REDMINE = ("REDMINE_URL", "REDMINE_API_KEY")
MYSQL = ("MYSQL_HOST", "MYSQL_USER", "MYSQL_DATABASE")
MYSQL_QUALITY = ("MYSQL_QUALITY_HOST", "MYSQL_QUALITY_USER", "MYSQL_QUALITY_DATABASE")
ORACLE = ("ORACLE_HOST", "ORACLE_SERVICE", "ORACLE_USER", "ORACLE_PASSWORD")
LDAP = ("LDAP_URL", "LDAP_BIND_DN", "LDAP_BIND_PASSWORD", "LDAP_BASE_DN")
TOGETHER = (
    (REDMINE, {*REDMINE}, "REDMINE_URL and REDMINE_API_KEY go together"),
    (MYSQL, {*MYSQL, "MYSQL_PASSWORD"}, "MYSQL_HOST, MYSQL_USER and MYSQL_DATABASE go together"),
    (
        MYSQL_QUALITY,
        {*MYSQL_QUALITY, "MYSQL_QUALITY_PASSWORD"},
        "MYSQL_QUALITY_HOST, MYSQL_QUALITY_USER and MYSQL_QUALITY_DATABASE go together",
    ),
    (ORACLE, {"ORACLE_HOST"}, "ORACLE_HOST needs ORACLE_SERVICE, ORACLE_USER and ORACLE_PASSWORD"),
    (LDAP, {"LDAP_URL"}, "LDAP_URL needs LDAP_BIND_DN, LDAP_BIND_PASSWORD and LDAP_BASE_DN"),
    (REDMINE, {*MYSQL, "MYSQL_PASSWORD"}, "Redmine's database is only read: writing goes through Redmine itself"),
)
"""Rows of: the settings that are needed, as soon as one of these is given, and the hint."""

OF_DIRECTORY = {"oracle": "ORACLE_HOST", "ldap": "LDAP_URL", "redmine": "REDMINE_URL"}
"""The setting without which a directory can't be asked."""
Source = tuple[str, Mapping[str, str]]
"""The name of a source, and its values by the environment's names."""


class Row(NamedTuple):
    """A setting in the tables: its parser, its places in config.ini (`section.option`, separated by spaces), and
    whether its value is masked and may come from NAME_FILE."""

    parse: Callable[[str], Any] = str
    ini: str = ""
    secret: bool = False

    @property
    def places(self) -> list[OptionName]:
        return [(section, option) for section, _, option in (place.partition(".") for place in self.ini.split())]


class Problem(NamedTuple):
    """The reason why a setting is refused and a hint; never its value."""

    name: str
    reason: str
    hint: str

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}. {self.hint}."


class SettingsError(Exception):
    """All problems of the settings at once, with the notices, which may name the cause."""

    def __init__(self, problems: list[Problem], notices: Iterable[str] = ()) -> None:
        self.problems = problems
        super().__init__("\n".join([*map(str, problems), *(f"{notice}." for notice in notices)]))


class Given(NamedTuple):
    """The text of a setting and the name of its source."""

    text: str
    source: str


class AllSources(NamedTuple):
    """The sources, strongest first; their problems; and notices about what was not understood, which hold no value."""

    sources: list[Source]
    problems: list[Problem]
    notices: list[str]


def given(names: Iterable[str], sources: list[Source]) -> dict[str, Given]:
    """Return the settings that have a value, each from its strongest source."""
    weakest_first = {name: Given(text, source) for source, values in reversed(sources) for name, text in values.items()}
    return {name: weakest_first[name] for name in names if name in weakest_first}


def plain(environ: Mapping[str, str], folder: Path) -> list[Source]:
    """Read the environment and `.env` alone. Raises SettingsError."""
    return [("environment", _present(environ)), (".env", _dotenv(folder)[0])]


def read_all(environ: Mapping[str, str], folder: Path, rows: Mapping[str, Row]) -> AllSources:
    """Read all sources. Raises SettingsError when `.env` cannot be read."""
    secrets = [name for name, row in rows.items() if row.secret]
    known = {*rows, *OF_OTHERS, *(f"{name}_FILE" for name in secrets)}
    dotenv, dotenv_notices = _dotenv(folder, known)
    sources: list[Source] = []
    problems: list[Problem] = []
    for source, values in (("environment", _present(environ)), (".env", dotenv)):
        from_files, wrong = _secret_files(values, folder, secrets)
        sources += [(source, values), ("file", from_files)]
        problems += wrong
    ini, wrong = _ini(folder, given(["HELPDESK_CONFIG"], sources).get("HELPDESK_CONFIG"), rows)
    sources.append(("config.ini", _by_name(ini, rows)))
    notices = [*_unknown_variables(environ, known), *dotenv_notices, *ini.notices]
    return AllSources(sources, problems + wrong, notices)


def parse_all(values: Mapping[str, Given], rows: Mapping[str, Row]) -> tuple[dict[str, Any], list[Problem]]:
    """Return the parsed values and the problems of those that are invalid."""
    parsed, problems = {}, []
    for name, (text, _) in values.items():
        try:
            parsed[name] = rows[name].parse(text)
        except InvalidSetting as error:
            problems.append(Problem(name, error.reason, error.hint))
    return parsed, problems


def incomplete(values: Mapping[str, Given]) -> list[Problem]:
    """Return a problem for every setting that another one needs. A port alone needs no database."""
    problems: dict[str, Problem] = {}
    for needed, given, hint in TOGETHER:
        if given & values.keys():
            missing = [name for name in needed if name not in values]
            problems = {name: Problem(name, "is missing", hint) for name in missing} | problems
    listed = {each.strip().lower() for each in values["DIRECTORIES"].text.split(",")} if "DIRECTORIES" in values else ()
    if absent := [name for name, needed in OF_DIRECTORY.items() if name in listed and needed not in values]:
        hint = f"Set {OF_DIRECTORY[absent[0]]}, or leave {absent[0]} out"
        problems["DIRECTORIES"] = Problem("DIRECTORIES", "names a directory that is not set", hint)
    for prefix in ("MYSQL", "MYSQL_QUALITY"):
        mode, authority = values.get(f"{prefix}_SSL_MODE"), f"{prefix}_SSL_CA"
        if mode and mode.text.lower() == "verify_ca" and not {authority, "CA_BUNDLE"} & values.keys():
            problems[authority] = Problem(authority, "is missing", "VERIFY_CA needs it, or CA_BUNDLE")
    return list(problems.values())


def _present(values: Mapping[str, str | None]) -> dict[str, str]:
    return {name: text.strip() for name, text in values.items() if text and text.strip()}


def _unknown_variables(environ: Iterable[str], known: set[str]) -> list[str]:
    ours = {name for name in environ if name.startswith(PREFIXES)}
    return [f"the environment: {name} is not understood{_suggestion(name, known)}" for name in sorted(ours - known)]


def _dotenv(folder: Path, known: Collection[str] = ()) -> tuple[dict[str, str], list[str]]:
    """Return the values of `.env` as they are written, and notices. Raises SettingsError.

    `${NAME}` is not replaced, since a secret may hold it.
    """
    file = folder / ".env"
    try:
        if not file.exists():
            return {}, []
        text, notices = ini_file.decode(file.read_bytes())
    except (OSError, ini_file.Unreadable) as error:
        raise SettingsError([Problem(".env", "can't be read", "Check its rights; it must be UTF-8")]) from error
    lines = list(parse_stream(StringIO(text)))
    values = {line.key: line.value for line in lines if line.key}
    notices += _dotenv_notices(lines, known)
    return _present(values), [f".env: {notice}" for notice in notices]


def _dotenv_notices(lines: list[Binding], known: Collection[str]) -> list[str]:
    counts = Counter(line.key for line in lines)
    unknown = [
        f"{_line_name(line)} is not understood{_suggestion(line.key or '', known)}"
        for line in lines
        if line.error or (line.key is not None and (line.key not in known or line.value is None))
    ]
    return unknown + [
        f"{name} stands there twice; the last one counts" for name in counts if name in known and counts[name] > 1
    ]


def _line_name(line: Binding) -> str:
    """Return the name in a line when it looks like one of ours, else the line's number.

    Any other text may be the rest of a secret that goes on in a second line.
    """
    if line.key and line.value is not None and line.key.startswith(PREFIXES) and NAME.fullmatch(line.key):
        return line.key
    text = line.original.string
    blank_lines = text[: len(text) - len(text.lstrip())].count("\n")
    return f"line {line.original.line + blank_lines}"


def _secret_files(
    values: Mapping[str, str], folder: Path, secrets: Iterable[str]
) -> tuple[dict[str, str], list[Problem]]:
    """Read the secrets from the files that NAME_FILE names."""
    texts: dict[str, str | None] = {}
    problems = []
    for name in secrets:
        path = values.get(f"{name}_FILE")
        if path and name in values:
            problems.append(Problem(name, f"is given, and {name}_FILE too", "Keep one of them"))
        elif path:
            try:
                texts[name] = (folder / path).read_text(encoding="utf-8-sig")
            except (OSError, ValueError):
                problems.append(Problem(f"{name}_FILE", "names no readable file", CHECK_FILE))
    return _present(texts), problems


def _ini(folder: Path, config: Given | None, rows: Mapping[str, Row]) -> tuple[IniFile, list[Problem]]:
    """Read config.ini; it may be missing unless `config` names it."""
    file = folder / (config.text if config else "config.ini")
    places = {place for row in rows.values() for place in row.places}
    secret = {place for row in rows.values() if row.secret for place in row.places}
    try:
        if config or file.exists():
            ini = ini_file.parse(file.read_bytes(), places, secret)
            notices = [*ini.notices, *_unknown_lines(ini, places)]
            return ini._replace(notices=[f"{file.name}: {notice}" for notice in notices]), []
    except OSError:
        return ini_file.EMPTY, [Problem("HELPDESK_CONFIG", "names no readable file", CHECK_FILE)]
    except ini_file.Unreadable as error:
        return ini_file.EMPTY, [Problem("HELPDESK_CONFIG", f"the file {file.name} {error}", "Correct the file")]
    return ini_file.EMPTY, []


def _by_name(ini: IniFile, rows: Mapping[str, Row]) -> dict[str, str]:
    """Return the first value that is not empty among the places of each setting."""
    texts = {name: [ini.values.get(place, "").strip() for place in row.places] for name, row in rows.items()}
    return _present({name: next(filter(None, listed), None) for name, listed in texts.items()})


def _unknown_lines(ini: IniFile, places: set[OptionName]) -> list[str]:
    """Name unknown lines by their numbers: a text where an option should be may be the rest of a secret."""
    unknown = [(place, line) for place, line in ini.lines.items() if not ini_file.is_known(place, places)]
    return [
        f"line {line} is not understood{_suggestion(option, {known for of, known in places if of == section})}"
        for (section, option), line in unknown
    ]


def _suggestion(name: str, known: Iterable[str]) -> str:
    likely = get_close_matches(name, sorted(known), 1, 0.75)
    return f"; is {likely[0]} meant?" if likely else ""
