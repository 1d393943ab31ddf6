"""How an answer is made: page, fragment or JSON. The sole reader of htmx's headers."""

import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from helpdesk.assets import folder
from helpdesk.errors import Sentence
from helpdesk.languages import LANGUAGES, choose, say, translations
from helpdesk.services import Services
from helpdesk.web.static import StaticFiles

THEMES = ("light", "dark")
VARIES = "Accept, HX-Request, Cookie, Accept-Language"


class Renderer:
    """Templates in each language. Everything is escaped unless it is Markup; a missing value is an error."""

    def __init__(self, timezone: ZoneInfo, static: StaticFiles) -> None:
        self.environments = {language: _environment(language, timezone, static) for language in LANGUAGES}

    def render(self, request: Request, template: str, context: Mapping[str, Any]) -> str:
        environment = self.environments[language(request)]
        return environment.get_template(template).render(_around(request) | dict(context))


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


def is_htmx(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def wants_html(request: Request) -> bool:
    """Whether a browser or htmx asks; programs get JSON (contract: one address, two faces)."""
    if request.url.path.startswith(("/api/", "/tasks/api/")):
        return False
    return is_htmx(request) or "text/html" in request.headers.get("accept", "")


def came_from(request: Request) -> str:
    """The page that a person is on, as a path with its query: what to come back to after signing in."""
    headers = request.headers
    current = headers.get("hx-current-url") if is_htmx(request) else None
    if request.method not in ("GET", "HEAD"):
        current = current or headers.get("referer") or "/"
    address = URL(current) if current else request.url
    return address.path + (f"?{address.query}" if address.query else "")


def language(request: Request) -> str:
    """The person's choice by cookie, else what the browser prefers, else DEFAULT_LOCALE."""
    chosen = request.cookies.get("locale", "")
    if chosen in LANGUAGES:
        return chosen
    return choose(request.headers.get("accept-language", ""), services(request).settings.default_locale)


def spoken(request: Request, sentence: Sentence) -> str:
    return say(language(request), sentence)


def html(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A page or a fragment. Never kept by a shared cache, always asked for again."""
    renderer: Renderer = request.app.state.renderer
    headers = {"Cache-Control": "private, no-cache", "Vary": VARIES}
    return HTMLResponse(renderer.render(request, template, context), status, headers)


def data(
    request: Request, body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The JSON face of a success."""
    timed = {"success": True, **body, "execution_time": round(time.perf_counter() - request.state.began, 4)}
    return JSONResponse(timed, status, {"Cache-Control": "private, no-cache", "Vary": VARIES, **(headers or {})})


def today(request: Request) -> date:
    """The day it is where dates are shown."""
    found = services(request)
    return found.clock().astimezone(found.settings.timezone).date()


def see_other(path: str) -> Response:
    """After a write a browser is sent to a page, so that reloading writes nothing again."""
    return RedirectResponse(path, 303)


def _environment(language: str, timezone: ZoneInfo, static: StaticFiles) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(language)
    environment.install_gettext_callables(catalogue.gettext, catalogue.ngettext, newstyle=True)  # type: ignore[attr-defined]  # from the i18n extension
    environment.filters |= {
        "moment": lambda at: _time(at.astimezone(UTC), at.astimezone(timezone).strftime("%d.%m.%Y %H:%M")),
        "day": lambda on: _time(on, on.strftime("%d.%m.%Y")),
        "say": lambda sentence: say(language, sentence),
    }
    environment.globals |= {"LANGUAGES": LANGUAGES, "THEMES": THEMES, "static": static.address}
    return environment


def _time(machine: date | datetime, shown: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(machine.isoformat().replace("+00:00", "Z"), shown)


def _around(request: Request) -> dict[str, Any]:
    """What every template may use: the person, the language, the theme, and addresses by route name."""
    theme = request.cookies.get("theme", "")
    return {
        "person": getattr(request.state, "person", None),
        "language": language(request),
        "theme": theme if theme in THEMES else "",
        "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "path": request.app.url_path_for,
        "request_id": request.state.request_id,
        "settings": services(request).settings,
    }
