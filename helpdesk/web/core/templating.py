"""Templates in each language; sentences, addresses and times for them and for handlers."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from secrets import token_urlsafe
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from helpdesk.errors import Sentence, sentence
from helpdesk.languages import LANGUAGES, choose, say, translations
from helpdesk.paths import folder
from helpdesk.people.model import Person
from helpdesk.services import Services
from helpdesk.tasks.board import initials
from helpdesk.tasks.fields import digits, is_day
from helpdesk.texts import is_blank
from helpdesk.timings import measured
from helpdesk.web.core import cookies, text_filters
from helpdesk.web.core.faces import htmx_page
from helpdesk.web.core.jinja_extensions import InPlace, Translated, Unindented, keeping
from helpdesk.web.core.json_values import moment
from helpdesk.web.core.navigation import rooms_of
from helpdesk.web.core.static_files import StaticFiles

MARKED = 12  # characters of a session's mark: to tell sessions of one browser apart
THEMES = ("light", "dark")
MOST_ADDRESSES = 5_000  # kept made up; a list names fifty, and others name the same
KILOBYTE = 1024
WROTE = "wrote"  # the cookie that changes whenever its person has written something (static/js/back-navigation.js)
LONGEST_MARK = 20


class Renderer:
    """Templates in each language. Everything is escaped unless it is Markup; a missing value is an error."""

    def __init__(self, timezone: ZoneInfo, static: StaticFiles, path: Callable[..., str], brand: str) -> None:
        around = {"LANGUAGES": LANGUAGES, "THEMES": THEMES, "static": static.address, "key": new_key, "path": path}
        around["brand"] = brand
        self.environments = {language: _environment(language, timezone, around) for language in LANGUAGES}

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
            return environment.get_template(template).render(_around(request) | dict(context))

    def part(self, language: str, template: str, **context: Any) -> str:
        """A fragment that no request asks for, in this language."""
        return self.environments[language].get_template(template).render(context)


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def safe_path(target: str) -> str:
    """`target` when it is a path of ours, else the empty text: nobody is sent elsewhere by a link to us."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if plain else ""


def current_url(request: Request) -> str:
    """The page that a person is on, as a path with its query: what to come back to after signing in."""
    headers = request.headers
    current = htmx_page(request)
    if request.method not in ("GET", "HEAD"):
        current = current or headers.get("referer") or "/"
    try:
        address = URL(current) if current else request.url
        return safe_path(address.path + (f"?{address.query}" if address.query else "")) or "/"
    except ValueError:  # a made-up header may hold no address at all
        return "/"


def language(request: Request) -> str:
    """The person's choice by cookie, else what the browser prefers, else DEFAULT_LOCALE."""
    chosen = cookies.sent(request, "locale")
    if chosen in LANGUAGES:
        return chosen
    return choose(request.headers.get("accept-language", ""), services(request).settings.default_locale)


def translate(request: Request, sentence: Sentence) -> str:
    return say(language(request), sentence)


def today(request: Request) -> date:
    """The day it is where dates are shown."""
    found = services(request)
    return found.clock().astimezone(found.settings.timezone).date()


def new_key() -> str:
    """An idempotency key for a form: 96 random bits, for no compressor takes away what is random."""
    return token_urlsafe(12)


def addresses(routes: Iterable[BaseRoute]) -> Callable[..., str]:
    """A function from a route's name and what its address is made of to that address. Raises KeyError for less or more.

    Starlette's own asks one route after another; a list of tasks names dozens of addresses.
    """
    named = {route.name: (route.path_format, route.param_convertors) for route in routes if isinstance(route, Route)}

    @lru_cache(maxsize=MOST_ADDRESSES)
    def path(name: str, /, **given: Any) -> str:
        form, kinds = named[name]
        return form.format(**{key: kinds[key].to_string(value) for key, value in given.items()})

    return path


def path_to(request: Request, name: str, /, **given: Any) -> str:
    """The address of a route. Raises KeyError for what there is not."""
    found: str = request.app.state.path(name, **given)
    return found


def _environment(language: str, timezone: ZoneInfo, around: Mapping[str, Any]) -> Environment:
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
        "moment": lambda at: _time(at.astimezone(UTC), at.astimezone(timezone).strftime("%d.%m.%Y %H:%M")),
        "day": _day,
        "hours": lambda hours: say(language, sentence("%(hours)s h", hours=_decimal(language, hours))),
        "clock": lambda at: at.astimezone(timezone).strftime("%H:%M:%S"),
        "iso": lambda at: moment(at.astimezone(UTC)),
        "at": lambda at: at.astimezone(timezone).strftime("%d.%m.%Y %H:%M"),
        "on": lambda on: on.strftime("%d.%m.%Y"),
        "size": lambda size: say(language, sized(size)),
        "initials": initials,
        "say": lambda sentence: say(language, sentence),
        **text_filters.filters(lambda sentence: say(language, sentence)),
    }
    environment.tests["blank"] = is_blank
    environment.globals |= {**around, "kept": keeping(environment)}
    looks = environment.get_template("_ui.html").module  # once: each import of a macro costs as much as a row
    environment.globals |= {name: getattr(looks, name) for name in ("icon", "status", "priority", "faults")}
    return environment


def _day(on: date | str) -> Markup | str:
    """A day as people write it; the texts of custom fields are ISO days, if the tracker keeps its word."""
    if isinstance(on, str):
        return _day(date.fromisoformat(on)) if is_day(on) else on
    return _time(on, on.strftime("%d.%m.%Y"))


def _decimal(language: str, number: float) -> str:
    text = digits(round(number, 2))
    return text.replace(".", ",") if language == "ru" else text


def sized(size: int) -> Sentence:
    """A file's size as people say it."""
    if size < KILOBYTE:
        return sentence("%(size)s B", size=size)
    if size < KILOBYTE**2:
        return sentence("%(size)s KB", size=round(size / KILOBYTE))
    return sentence("%(size)s MB", size=f"{round(size / KILOBYTE**2, 1):g}")


def _time(machine: date | datetime, shown: str) -> Markup:
    return Markup(f'<time datetime="{machine.isoformat().replace("+00:00", "Z")}">{shown}</time>')


def _around(request: Request) -> dict[str, Any]:
    """Return the context of every template: the person, the language, the theme, the state of the backend, and more."""
    person: Person | None = getattr(request.state, "person", None)
    theme, signed_in = cookies.sent(request, "theme"), getattr(request.state, "signed_in", None)
    return {
        "person": person,
        "rooms": rooms_of(person) if person else (),
        "unread": getattr(request.state, "unread", 0),
        "session_mark": signed_in.mark[:MARKED] if signed_in else "",
        "feed_status": services(request).feed_status(),
        "language": language(request),
        "theme": theme if theme in THEMES else "",
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "request_id": request.state.request_id,
        "wrote": wrote if (wrote := cookies.sent(request, WROTE)).isalnum() and len(wrote) < LONGEST_MARK else "",
        "settings": services(request).settings,
        "state": services(request).backend.state,
    }
