"""How an answer is made: page, fragment or JSON. The sole reader of htmx's headers."""

import re
import time
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
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from helpdesk.assets import folder
from helpdesk.errors import Sentence, sentence
from helpdesk.languages import LANGUAGES, choose, say, translations
from helpdesk.services import Services
from helpdesk.tasks.board import initials
from helpdesk.tasks.fields import is_day
from helpdesk.web.api.shapes import moment
from helpdesk.web.lean import InPlace, Translated, Unindented, keeping
from helpdesk.web.static import StaticFiles

MARKED = 12  # characters of a session's mark: to tell sessions of one browser apart
THEMES = ("light", "dark")
MOST_ADDRESSES = 5_000  # kept made up; a list names fifty, and others name the same
KILOBYTE = 1024
HTMX_LEADS = "hx-redirect"


class Renderer:
    """Templates in each language. Everything is escaped unless it is Markup; a missing value is an error."""

    def __init__(self, timezone: ZoneInfo, static: StaticFiles, path: Callable[..., str]) -> None:
        around = {"LANGUAGES": LANGUAGES, "THEMES": THEMES, "static": static.address, "key": new_key, "path": path}
        self.environments = {language: _environment(language, timezone, around) for language in LANGUAGES}

    def render(self, request: Request, template: str, context: Mapping[str, Any]) -> str:
        environment = self.environments[language(request)]
        return environment.get_template(template).render(_around(request) | dict(context))

    def part(self, language: str, template: str, **context: Any) -> str:
        """A fragment that no request asks for, in this language."""
        return self.environments[language].get_template(template).render(context)


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def is_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def wants_html(request: Request) -> bool:
    """Whether a browser or htmx asks; programs get JSON (contract: one address, two faces)."""
    if request.url.path.startswith(("/api/", "/tasks/api/")):
        return False
    return is_htmx(request) or "text/html" in accepted(request.headers.get("accept", ""))


def accepted(accept: str) -> set[str]:
    """The media types that an Accept header names and does not refuse by `q=0`."""
    types = (item.lower().replace(" ", "").partition(";") for item in accept.split(","))
    return {name for name, _, rest in types if not re.search(r"(^|;)q=0(\.0*)?($|;)", rest)}


def same_site(target: str) -> str:
    """`target` when it is a path of ours, else the empty text: nobody is sent elsewhere by a link to us."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if plain else ""


def came_from(request: Request) -> str:
    """The page that a person is on, as a path with its query: what to come back to after signing in."""
    headers = request.headers
    current = headers.get("hx-current-url") if is_htmx(request) else None
    if request.method not in ("GET", "HEAD"):
        current = current or headers.get("referer") or "/"
    try:
        address = URL(current) if current else request.url
        return same_site(address.path + (f"?{address.query}" if address.query else "")) or "/"
    except ValueError:  # a made-up header may hold no address at all
        return "/"


def language(request: Request) -> str:
    """The person's choice by cookie, else what the browser prefers, else DEFAULT_LOCALE."""
    chosen = request.cookies.get("locale", "")
    if chosen in LANGUAGES:
        return chosen
    return choose(request.headers.get("accept-language", ""), services(request).settings.default_locale)


def spoken(request: Request, sentence: Sentence) -> str:
    return say(language(request), sentence)


def html(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A page or a fragment. Half characters, which a program may send to be shown again, become question marks."""
    renderer: Renderer = request.app.state.renderer
    text = renderer.render(request, template, context)
    return HTMLResponse(text.encode("utf-8", "replace"), status)


def data(request: Request, body: Mapping[str, Any], status: int = 200) -> Response:
    """The JSON face of a success."""
    timed = {"success": True, **body, "execution_time": round(time.perf_counter() - request.state.began, 4)}
    return JSONResponse(timed, status)


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


def see_other(path: str) -> Response:
    """After a write a browser is sent to a page, so that reloading writes nothing again."""
    return RedirectResponse(path, 303)


def lead_to(request: Request, path: str) -> Response:
    """The same for whoever asks: htmx would put the page that a redirect leads to into the form."""
    return Response(headers={HTMX_LEADS: path}) if is_htmx(request) else see_other(path)


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
    }
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
    text = f"{round(number, 2):g}"
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
    """What every template may use: the person, the language, the theme, where tasks come from, and addresses."""
    theme, signed_in = request.cookies.get("theme", ""), getattr(request.state, "signed_in", None)
    return {
        "person": getattr(request.state, "person", None),
        "unread": getattr(request.state, "unread", 0),
        "session_mark": signed_in.mark[:MARKED] if signed_in else "",
        "freshness": services(request).freshness(),
        "language": language(request),
        "theme": theme if theme in THEMES else "",
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "request_id": request.state.request_id,
        "settings": services(request).settings,
        "state": services(request).tracker.state,
    }
