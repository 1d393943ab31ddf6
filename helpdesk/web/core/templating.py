"""Templates in each language; sentences and times for them and for handlers."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from secrets import token_urlsafe
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request

from helpdesk.errors import Sentence, sentence
from helpdesk.languages import LANGUAGES, choose, say, translations
from helpdesk.paths import folder
from helpdesk.people.model import Person
from helpdesk.system_names import system_name
from helpdesk.tasks.board import initials
from helpdesk.tasks.colors import Colors
from helpdesk.tasks.fields import format_number, is_day
from helpdesk.telephony import words
from helpdesk.telephony.numbers import displayed
from helpdesk.texts import is_blank
from helpdesk.timings import measured
from helpdesk.web.core import flash, hints, navigation, session
from helpdesk.web.core.faces import WROTE, moment
from helpdesk.web.core.jinja_extensions import InPlace, Translated, Unindented, caching, text_filters
from helpdesk.web.core.services import services

MARK_CHARACTERS = 12  # of a session's mark: to tell sessions of one browser apart
THEMES = ("light", "dark")
MACROS = ("icon", "disc", "status", "priority", "priority_mark", "faults", "autofocus")
MOMENT = "%d.%m.%Y %H:%M"
FOLDED = "folded"
OFF = "off"
TINTS = 5  # of discs with initials: static/css/marks.css
LONGEST_SEARCH = 1_000
KILOBYTE = 1024
LONGEST_WROTE = 20


class Renderer:
    """Templates in each language. Everything is escaped unless it is Markup; a missing value is an error."""

    def __init__(self, timezone: ZoneInfo, static: Callable[[str], str], path: Callable[..., str], brand: str) -> None:
        variables = {"LANGUAGES": LANGUAGES, "THEMES": THEMES, "key": new_key}
        variables |= {"static": static, "path": path, "brand": brand, "system_name": system_name}
        self.colors = Colors()  # as they were read last: templates draw statuses by them
        self.avatars: Mapping[int, str] = {}
        """The pictures of people by their ids in the backend, as they were read last."""
        filters = {"mark": lambda status: self.colors.mark(status), "avatar": self._avatar}
        self.environments = {language: _environment(language, timezone, variables, filters) for language in LANGUAGES}

    def prepare(self, goes_on: Callable[[], bool]) -> None:
        """Compile all templates, or else the first page of each kind would hold up the event loop for 100 ms."""
        for environment in self.environments.values():
            for name in environment.list_templates(["html"]):
                if not goes_on():
                    return
                environment.get_template(name)

    def render(self, request: Request, template: str, context: Mapping[str, Any]) -> str:
        environment = self.environments[language(request)]
        with measured("render"):
            return environment.get_template(template).render(_context(request) | dict(context))

    def _avatar(self, it: Any) -> str:
        """Return the name of the picture of an account, or of a person of the backend; empty for none."""
        return (it.avatar or "") if hasattr(it, "avatar") else self.avatars.get(it.id, "") if it else ""

    def fragment(self, language: str, template: str, **context: Any) -> str:
        """Render a fragment that no request asks for."""
        return self.environments[language].get_template(template).render(context)


def language(request: Request) -> str:
    """Return the person's choice by cookie, else what the browser prefers, else DEFAULT_LOCALE."""
    chosen = session.cookie(request, "locale")
    if chosen in LANGUAGES:
        return chosen
    return choose(request.headers.get("accept-language", ""), services(request).settings.default_locale)


def translate(request: Request, sentence: Sentence) -> str:
    return say(language(request), sentence)


def today(request: Request) -> date:
    """Return the day it is in the time zone in which dates are shown."""
    return services(request).clock().astimezone(services(request).settings.timezone).date()


def new_key() -> str:
    """Return an idempotency key for a form. It has 96 random bits and no more: random text does not compress."""
    return token_urlsafe(12)


def _environment(
    language: str,
    timezone: ZoneInfo,
    variables: Mapping[str, Any],
    filters: Mapping[str, Callable[..., Any]],
) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n", InPlace, Unindented, Translated],
    )
    catalogue = translations(language)
    environment.extend(catalogue=catalogue)
    environment.install_gettext_callables(catalogue.gettext, catalogue.ngettext, newstyle=True)  # type: ignore[attr-defined]  # from the i18n extension
    environment.filters |= {
        "moment": lambda at: _time(_in_zone(at, UTC), _in_zone(at, timezone).strftime(MOMENT)),
        "tint": lambda it: it.id % TINTS,
        "day": _day,
        "decimal": lambda number: _decimal(language, number),
        "hours": lambda hours: say(language, sentence("%(hours)s h", hours=_decimal(language, hours))),
        "clock": lambda at: _in_zone(at, timezone).strftime("%H:%M:%S"),
        "iso": lambda at: moment(_in_zone(at, UTC)),
        "at": lambda at: _in_zone(at, timezone).strftime(MOMENT),
        "on": _short_day,
        "month": lambda month: f"{month[5:]}.{month[:4]}",
        "size": lambda size: say(language, size_text(size)),
        "initials": initials,
        "say": lambda sentence: say(language, sentence),
        **filters,
        **text_filters(lambda sentence: say(language, sentence)),
    }
    environment.tests["blank"] = is_blank
    environment.globals |= {**variables, "cached": caching(environment)}
    macros = environment.get_template("_ui.html").module  # once: each import of a macro costs as much as a row
    environment.globals |= {name: getattr(macros, name) for name in MACROS}
    return environment


def _short_day(on: date, today: date | None = None) -> str:
    """Return a day as people write it, without the year if that is the year of `today`."""
    return on.strftime("%d.%m" if today and on.year == today.year else "%d.%m.%Y")


def _day(on: date | str) -> Markup | str:
    """Return a day as people write it; the text of a custom field should be an ISO day."""
    if isinstance(on, str):
        return _day(date.fromisoformat(on)) if is_day(on) else on
    return _time(on, on.strftime("%d.%m.%Y"))


def _decimal(language: str, number: float) -> str:
    text = format_number(round(number, 2))
    return text.replace(".", ",") if language == "ru" else text


def size_text(size: int) -> Sentence:
    """Return a file's size as people say it."""
    if size < KILOBYTE:
        return sentence("%(size)s B", size=size)
    if size < KILOBYTE**2:
        return sentence("%(size)s KB", size=round(size / KILOBYTE))
    return sentence("%(size)s MB", size=f"{round(size / KILOBYTE**2, 1):g}")


def _in_zone(at: datetime, zone: tzinfo) -> datetime:
    """Return a moment in a time zone. One at the end of time, which something foreign has told, stays as it is."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


def _time(machine: date | datetime, text: str) -> Markup:
    return Markup(f'<time datetime="{machine.isoformat().replace("+00:00", "Z")}">{text}</time>')


def _context(request: Request) -> dict[str, Any]:
    """Return the context of every template: the person, the language, the theme, the state of the backend, and more."""
    person: Person | None = getattr(request.state, "person", None)
    theme, signed_in = session.cookie(request, "theme"), getattr(request.state, "signed_in", None)
    has_tasks, prefixes = navigation.may_have_tasks(request), services(request).settings.phone_trunk_prefixes
    return {
        "person": person,
        "rooms": navigation.rooms_of(request, person) if person else [],
        "has_tasks": has_tasks,
        "saved_views": getattr(request.state, "saved_views", ()),
        "counts": getattr(request.state, "counts", {}),
        "folded": session.cookie(request, "rail") == FOLDED,
        "single_keys": session.cookie(request, "keys") != OFF,
        "searched": request.query_params.get("search", "")[:LONGEST_SEARCH],
        "unread": getattr(request.state, "unread", 0),
        "session_mark": f"{signed_in.person.id}.{signed_in.mark[:MARK_CHARACTERS]}" if signed_in else "",
        "feed_status": services(request).feed_status(),
        "language": language(request),
        "theme": theme if theme in THEMES else "",
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "request_id": request.state.request_id,
        "flash": flash.shown(request),
        "phone": getattr(request.state, "phone", None),
        "words": words,
        "displayed": lambda number: displayed(number, prefixes) or number,
        "hint": lambda place: hints.first_open(place, person.closed_hints) if person else None,
        "has_styles": False,
        "wrote": wrote if (wrote := session.cookie(request, WROTE)).isalnum() and len(wrote) < LONGEST_WROTE else "",
        "settings": services(request).settings,
        "state": services(request).backend.state,
        "systems_down": services(request).system_monitor.down,
    }
