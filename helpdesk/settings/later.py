"""Settings of systems that the helpdesk does not reach yet: they are known, so that a file may hold them already."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy.engine import make_url

from helpdesk.settings.sources import Given, Problem, Row, SettingsError

PREDECESSOR = "[database] db_path"
"""Not a variable: a line of the predecessor's config.ini, which names the predecessor's own store."""
NOT_USED = "%s: %s. %s. It is not used yet"

LATER: dict[str, Row] = {
    PREDECESSOR: Row(ini="database.db_path"),
    "METRICS_TOKEN": Row(secret=True),
    "BRAND_LOGO": Row(),
}


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
    its_store = later[PREDECESSOR].text.removeprefix("sqlite:///")
    if store.get_backend_name() != "sqlite" or not store.database:
        return
    if (folder / store.database).resolve() == (folder / its_store).resolve():
        hint = "Give our own store another place, such as sqlite:///navigator.db"
        raise SettingsError([Problem("DATABASE_URL", f"is the predecessor's own file ({PREDECESSOR})", hint)])
