"""Parse settings, and check them against each other and against the predecessor's file."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from helpdesk.settings.later import LATER, PREDECESSOR
from helpdesk.settings.parsing import InvalidSetting
from helpdesk.settings.sources import Given, Problem, Row, SettingsError

REDMINE = ("REDMINE_URL", "REDMINE_API_KEY")
MYSQL = ("MYSQL_HOST", "MYSQL_USER", "MYSQL_DATABASE")
NOT_USED = "%s: %s. %s. It is not used yet"
AUTHORITIES = {"MYSQL_SSL_CA", "CA_BUNDLE"}
TOGETHER = (
    (REDMINE, {*REDMINE}, "REDMINE_URL and REDMINE_API_KEY go together"),
    (MYSQL, {*MYSQL, "MYSQL_PASSWORD"}, "MYSQL_HOST, MYSQL_USER and MYSQL_DATABASE go together"),
    (REDMINE, {*MYSQL, "MYSQL_PASSWORD"}, "Redmine's database is only read: writing goes through Redmine itself"),
)
"""Rows of: the settings that are needed, as soon as one of these is given, and the hint."""


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
    mode = values.get("MYSQL_SSL_MODE")
    if mode and mode.text.lower() == "verify_ca" and not AUTHORITIES & values.keys():
        problems["MYSQL_SSL_CA"] = Problem("MYSQL_SSL_CA", "is missing", "VERIFY_CA needs it, or CA_BUNDLE")
    return list(problems.values())


def split_off_later(problems: Iterable[Problem]) -> tuple[list[Problem], list[str]]:
    """Return the problems of settings that are used, and those of later settings as notices: they stop no start."""
    names = {*LATER, *(f"{name}_FILE" for name in LATER)}
    used = [problem for problem in problems if problem.name not in names]
    return used, [NOT_USED % problem for problem in problems if problem.name in names]


def leave_predecessor_alone(database_url: str, folder: Path, later: Mapping[str, Given]) -> None:
    """Raise SettingsError when our own store would be the predecessor's file."""
    if PREDECESSOR not in later:
        return
    store = make_url(database_url)
    theirs = later[PREDECESSOR].text.removeprefix("sqlite:///")
    if store.get_backend_name() != "sqlite" or not store.database:
        return
    if (folder / store.database).resolve() == (folder / theirs).resolve():
        hint = "Give our own store another place, such as sqlite:///navigator.db"
        raise SettingsError([Problem("DATABASE_URL", f"is the predecessor's own file ({PREDECESSOR})", hint)])
