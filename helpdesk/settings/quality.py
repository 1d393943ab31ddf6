"""The settings of quality control: what counts as what, and the second Redmine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.engine import URL

from helpdesk.settings import parsing
from helpdesk.settings.field import setting
from helpdesk.settings.parsing import InvalidSetting

KINDS = ("complaint", "gratitude", "question", "suggestion")
FIELDS = ("object", "resort", "country")
Numbers = Mapping[str, tuple[int, ...]]
"""The ids of each role, a kind or a field."""
MOST = 50
"""So many trackers, projects or suffixes at most."""
SUFFIX = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")
LONGEST_OBJECT = 255


def kinds(text: str) -> Numbers:
    """Parse `complaint=5,gratitude=6`; a kind may have several trackers. Raises InvalidSetting."""
    return _numbers(text, KINDS, "trackers such as complaint=5,gratitude=6")


def fields(text: str) -> Numbers:
    """Parse `object=21,resort=22,country=24`. Raises InvalidSetting."""
    found = _numbers(text, FIELDS, "custom fields such as object=21,resort=22,country=24")
    if any(len(numbers) > 1 for numbers in found.values()):
        raise InvalidSetting("names several custom fields for one thing", "Name one for each")
    return found


def _numbers(text: str, roles: tuple[str, ...], example: str) -> Numbers:
    found: dict[str, tuple[int, ...]] = {}
    for role, _, number in (part.strip().partition("=") for part in text.split(",") if part.strip()):
        name = role.strip().lower()
        if name not in roles:
            raise InvalidSetting("names something unknown", f"Give {example}; known are {', '.join(roles)}")
        found[name] = (*found.get(name, ()), _number(number.strip(), example))
    listed = [number for numbers in found.values() for number in numbers]
    if len(set(listed)) < len(listed):
        raise InvalidSetting("names a number twice", f"Give {example}")
    if len(listed) > MOST:
        raise InvalidSetting(f"names more than {MOST} numbers", f"Give {example}")
    return found


def _number(text: str, example: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII):
        raise InvalidSetting("holds something else than numbers", f"Give {example}")
    return int(text)


def projects(text: str) -> tuple[int, ...]:
    """Parse ids of projects with commas. Raises InvalidSetting."""
    example = "ids of projects such as 1,4"
    found = tuple(_number(part.strip(), example) for part in text.split(",") if part.strip())
    if len(found) > MOST:
        raise InvalidSetting(f"names more than {MOST} projects", f"Give {example}")
    return found


def suffixes(text: str) -> Mapping[str, str]:
    """Parse `IssueHotel=Отель; IssueAvia=Авиа`: the object of each suffix of a column. Raises InvalidSetting."""
    hint = "Give suffixes of columns with objects, such as IssueHotel=Hotel; IssueAvia=Flight"
    found: dict[str, str] = {}
    for suffix, _, its_object in (part.partition("=") for part in text.split(";") if part.strip()):
        name, value = suffix.strip(), its_object.strip()
        if not SUFFIX.fullmatch(name) or not value or len(value) > LONGEST_OBJECT or name in found:
            raise InvalidSetting("holds something else than suffixes, each once, with objects", hint)
        found[name] = value
    if len(found) > MOST:
        raise InvalidSetting(f"names more than {MOST} suffixes", hint)
    return found


@dataclass(frozen=True)
class QualitySettings:
    quality_kinds: Numbers | None = setting(
        "QUALITY_KINDS",
        "the trackers of quality control, by the kind of request: complaint=5,gratitude=6,question=7,suggestion=8; "
        "administrators may choose others on a page",
        kinds,
    )
    quality_fields: Numbers | None = setting(
        "QUALITY_FIELDS",
        "the custom fields that say what a request is about: object=21,resort=22,country=24; administrators may choose "
        "others on a page",
        fields,
    )
    quality_projects: tuple[int, ...] | None = setting(
        "QUALITY_PROJECTS",
        "the projects of quality control, by their ids, with those below them; absent: all that a person sees",
        projects,
    )
    quality_redmine_url: str | None = setting(
        "QUALITY_REDMINE_URL", "the second Redmine, to which numbers of its tasks link", parsing.http_url
    )
    mysql_quality_host: str | None = setting(
        "MYSQL_QUALITY_HOST",
        "the server of the second Redmine's database, for quality control; absent: quality control counts the tasks "
        "of this helpdesk",
        ini="mysql_quality.host",
    )
    mysql_quality_port: int = setting(
        "MYSQL_QUALITY_PORT", "its port", parsing.port, default=3306, ini="mysql_quality.port"
    )
    mysql_quality_user: str | None = setting(
        "MYSQL_QUALITY_USER", "a database user who may only read there", ini="mysql_quality.user"
    )
    mysql_quality_password: str | None = setting(
        "MYSQL_QUALITY_PASSWORD", "its password", ini="mysql_quality.password", secret=True
    )
    mysql_quality_database: str | None = setting(
        "MYSQL_QUALITY_DATABASE", "the name of that database", ini="mysql_quality.database"
    )
    mysql_quality_ssl_ca: Path | None = setting(
        "MYSQL_QUALITY_SSL_CA", "the authority of that server's certificate; absent: CA_BUNDLE", parsing.ca_bundle
    )
    mysql_quality_mode: str | None = setting(
        "MYSQL_QUALITY_SSL_MODE",
        "the encryption of that connection, as MYSQL_SSL_MODE; absent: VERIFY_CA with MYSQL_QUALITY_SSL_CA, else "
        "PREFERRED",
        parsing.one_of("disabled", "preferred", "required", "verify_ca", "verify_identity"),
    )
    quality_zone: ZoneInfo | None = setting(
        "QUALITY_DB_TIMEZONE",
        "the time zone of the second Redmine's process; absent: TIMEZONE",
        parsing.timezone,
    )
    quality_suffixes: Mapping[str, str] | None = setting(
        "QUALITY_SUFFIXES",
        "objects by the suffixes of the columns of the stored procedure Classific, whose numbers are compared with "
        "ours: IssueHotel=Hotel; IssueAvia=Flight",
        suffixes,
    )

    @property
    def mysql_quality_url(self) -> URL | None:
        """Return the address of the second Redmine's database, printed without its password; None if unset."""
        if self.mysql_quality_host is None:
            return None
        place = self.mysql_quality_user, self.mysql_quality_password, self.mysql_quality_host, self.mysql_quality_port
        return URL.create("mysql+pymysql", *place, self.mysql_quality_database, {"charset": "utf8mb4"})

    @property
    def mysql_quality_ssl_mode(self) -> str:
        return self.mysql_quality_mode or ("verify_ca" if self.mysql_quality_ssl_ca else "preferred")
