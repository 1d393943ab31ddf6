"""Show people as JSON: themselves, and to others."""

import re
from datetime import datetime
from typing import NamedTuple

from starlette.requests import Request

from helpdesk.notifications.preferences import Preferences
from helpdesk.people.avatars import SIDES, file_of
from helpdesk.people.model import Person
from helpdesk.store.colleagues import Colleague
from helpdesk.store.profiles import Profile
from helpdesk.web.core.faces import Json, day, moment
from helpdesk.web.core.services import path_to
from helpdesk.web.people.presence import is_online
from helpdesk.web.tasks import schemas as task_schemas

NUMBER = re.compile(r"\+?[0-9][0-9 ().-]*")
NOT_DIALLED = re.compile(r"[^0-9+]")
FIELDS = ("full_name", "email", "department", "position", "office", "phone")


class Own(NamedTuple):
    """What people see of their own account."""

    profile: Profile
    preferences: Preferences


def own(request: Request, own: Own, person: Person, now: datetime) -> Json:
    """Return one's own profile as one flat object (contract §3)."""
    profile, preferences = own
    return {
        **task_schemas.user(person),
        **{name: getattr(profile, name) for name in FIELDS},
        "picture": _picture(request, profile.avatar),
        "vpn_end_date": day(profile.vpn_end_date),
        "id_redmine_user": profile.redmine_id,
        "browser_notifications_enabled": preferences.in_browser,
        "notifications_widget_enabled": preferences.in_widget,
        "hides_presence": profile.hides_presence,
        "last_seen": moment(profile.last_seen),
        "online": is_online(profile.last_seen, now),
    }


def colleague(request: Request, it: Colleague, now: datetime) -> Json:
    """Return what everybody may know of somebody."""
    return {
        "id": it.id,
        "username": it.login,
        **{name: getattr(it, name) for name in FIELDS},
        "picture": _picture(request, it.avatar),
        "last_seen": moment(it.last_seen),
        "online": is_online(it.last_seen, now),
    }


def dialled(phone: str) -> str:
    """Return what a telephone dials for a number as people write it, without an extension; empty for other texts."""
    number = NUMBER.match(phone.lstrip())
    return NOT_DIALLED.sub("", number[0]) if number else ""


def _picture(request: Request, name: str | None) -> str | None:
    """Return the address of a picture, the largest."""
    return path_to(request, "people:avatar", file=file_of(name, SIDES[0])) if name else None
