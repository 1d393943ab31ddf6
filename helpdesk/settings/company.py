"""The settings of requests, and of what the company gives to its people."""

from dataclasses import dataclass
from pathlib import Path

from helpdesk.settings import parsing
from helpdesk.settings.field import setting
from helpdesk.settings.parsing import InvalidSetting

Aliases = tuple[tuple[str, ...], ...]
"""Groups of domains that mean the same mailboxes."""
EASY_FIELDS = ("easy_email_to", "easy_email_cc")


def aliases(text: str) -> Aliases:
    """Parse `@example.ru=@msk.example.ru`; commas separate several groups. Raises InvalidSetting."""
    groups = tuple(tuple(_domain(part) for part in group.split("=")) for group in text.split(",") if group.strip())
    if any(len(group) < 2 for group in groups):
        raise InvalidSetting("names a domain without its alias", "Write @example.ru=@msk.example.ru")
    domains = [domain for group in groups for domain in group]
    if len(domains) != len(set(domains)):
        raise InvalidSetting("names a domain twice", "Name all domains of a group together: @a.ru=@b.ru=@c.ru")
    return groups


def _domain(text: str) -> str:
    domain = text.strip().removeprefix("@").lower().rstrip(".")
    if not domain or any(letter in domain for letter in "@ \t/"):
        raise InvalidSetting("holds something else than domains", "Write @example.ru=@msk.example.ru")
    return domain


def requester_fields(text: str) -> tuple[str, ...]:
    """Parse the names of fields with requesters' addresses: Easy Redmine's, or `cf_12`. Raises InvalidSetting."""
    names = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    for name in names:
        if name not in EASY_FIELDS and not (name.startswith("cf_") and name[3:].isdecimal() and name[3:].isascii()):
            hint = "Name easy_email_to, easy_email_cc, or custom fields such as cf_12"
            raise InvalidSetting("names an unknown field", hint)
    return names


@dataclass(frozen=True)
class CompanySettings:
    redmine_anonymous_user_id: int | None = setting(
        "REDMINE_ANONYMOUS_USER_ID",
        "the user of Redmine who is the author of requests of people without an account there",
        parsing.number,
        ini="redmine.anonymous_user_id",
    )
    requester_fields: tuple[str, ...] | None = setting(
        "REQUESTER_FIELDS",
        "the fields of Redmine's issues with the addresses of those who asked, besides the author: easy_email_to, "
        "easy_email_cc, cf_12",
        requester_fields,
    )
    email_aliases: Aliases | None = setting(
        "EMAIL_ALIASES",
        "domains that mean the same mailboxes: @example.ru=@msk.example.ru; several groups with commas",
        aliases,
        ini="ldap.email_aliases",
    )
    erp_file_path: Path | None = setting(
        "ERP_FILE_PATH", "the client of the ERP that people may download", Path, ini="paths.erp_file"
    )
    upload_folder: Path | None = setting(
        "UPLOAD_FOLDER", "the folder of profile pictures; absent: pictures beside the SQLite store", Path
    )
