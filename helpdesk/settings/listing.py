"""List the settings as an administrator may see them."""

from typing import Any, NamedTuple

from sqlalchemy.engine import make_url

from helpdesk.settings.later import LATER, PREDECESSOR
from helpdesk.settings.parsing import RateLimit
from helpdesk.settings.settings import KNOWN, Settings

MASK = "••••••"
URLS = ("DATABASE_URL", "REDIS_URL", "OUTBOUND_PROXY")
"""Secrets of which only the password is masked."""


class ListedSetting(NamedTuple):
    name: str
    value_shown: str
    source: str


def list_settings(settings: Settings) -> list[ListedSetting]:
    """Return every setting with its effective value, secrets masked, and its source."""
    effective = vars(settings) | {
        "secure_cookie": settings.session_cookie_secure,
        "embedded_files": settings.files_folder,
        "mysql_mode": settings.mysql_ssl_mode.upper(),
        "registration": settings.may_register,
        "smtp_given_port": settings.smtp_port,
        "smtp_encryption": settings.smtp_tls,
        "smtp_from": settings.mail_from or None,
        "db_timezone": settings.redmine_db_timezone,
    }
    used = [
        ListedSetting(name, _shown(name, effective[each.name]), settings.sources.get(name, "default"))
        for name, each in KNOWN.items()
    ]
    return used + [
        ListedSetting(name, _shown_later(name, text), f"{source}, {_remark(name)}")
        for name, (text, source) in settings.later.items()
    ]


def _shown(name: str, value: Any) -> str:
    if value is None:
        return "off" if name == "LOGIN_RATE_LIMIT" else "-"
    if name in URLS:
        return make_url(value).render_as_string(hide_password=True)
    if isinstance(value, RateLimit):
        return f"{value.count} in {value.seconds} s"
    return MASK if KNOWN[name].metadata["row"].secret else str(value)


def _shown_later(name: str, text: str) -> str:
    holds_password = "://" in text and "@" in text
    return MASK if LATER[name].secret or holds_password else text


def _remark(name: str) -> str:
    return "the predecessor's own file: never touched" if name == PREDECESSOR else "not used yet"
