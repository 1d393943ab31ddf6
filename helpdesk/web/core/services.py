"""The services of the application: everything that a handler reaches beside its request."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from helpdesk.errors import Conflict
from helpdesk.services import Services

if TYPE_CHECKING:
    from helpdesk.people.absences import Absences
    from helpdesk.people.avatars import Avatars
    from helpdesk.store.blobs import Blobs
    from helpdesk.tasks.colors import ColorCache
    from helpdesk.tasks.pictures import Pictures
    from helpdesk.tasks.readers import ReaderCache
    from helpdesk.web.core.faces import Json
    from helpdesk.web.core.templating import Renderer
    from helpdesk.web.edge.idempotency import Unsettled
    from helpdesk.web.edge.readiness import Readiness
    from helpdesk.web.edge.request_metrics import RequestMetrics
    from helpdesk.web.edge.static_files import StaticFiles
    from helpdesk.web.lists.counts import Counts
    from helpdesk.web.lists.export import Exports
    from helpdesk.web.live.hub import Live
    from helpdesk.web.people.avatar_cache import AvatarCache
    from helpdesk.web.people.presence import Presence
    from helpdesk.web.tasks.change import Presenters

MOST_PATHS = 5_000  # remembered; a list names fifty, and other lists the same ones


@dataclass(frozen=True, kw_only=True)
class WebServices(Services):
    """The ports and the store that `wiring` chose, and the parts of the web that `app.py` adds.

    `path` returns the path of a route by its name. The answers to errors use `conflict_json`, the JSON of a task in
    conflict, and `sealed_text`, the text of a form whose session has ended, sealed for the sign-in page.
    `blobs` are the contents of posts' files. `letters_underway` counts the addresses of letters that are being written,
    by the author's id.
    """

    path: Callable[..., str]
    static_files: "StaticFiles"
    renderer: "Renderer"
    live: "Live"
    metrics: "RequestMetrics"
    readiness: "Readiness"
    pictures: "Pictures"
    exports: "Exports"
    letters_underway: Counter[int]
    color_cache: "ColorCache"
    reader_cache: "ReaderCache"
    absences: "Absences"
    counts: "Counts"
    presence: "Presence"
    avatars: "Avatars"
    blobs: "Blobs"
    avatar_cache: "AvatarCache"
    unsettled: "Unsettled"
    conflict_json: "Callable[[Request, Conflict], Awaitable[Json]]"
    sealed_text: Callable[[Request, Mapping[str, Any]], str]
    presenters: "Presenters"


def services(request: Request) -> WebServices:
    """Return the services of the application: the only thing on `app.state`."""
    services: WebServices = request.app.state.services
    return services


def path_to(request: Request, name: str, /, **params: Any) -> str:
    """Return the path of a route. Raises KeyError for an unknown name or other parameters than the route's."""
    return services(request).path(name, **params)


def own_address(request: Request) -> str:
    """Return the address of the helpdesk for other systems: PUBLIC_URL, else that of the request. No slash ends it."""
    return services(request).settings.public_url or str(request.base_url).rstrip("/")


def path_maker(routes: Iterable[BaseRoute]) -> Callable[..., str]:
    """Return a function from the name of a route and its parameters to its path, which raises KeyError.

    Starlette's own asks one route after another; a list of tasks names dozens of addresses.
    """
    named = {route.name: (route.path_format, route.param_convertors) for route in routes if isinstance(route, Route)}

    @lru_cache(maxsize=MOST_PATHS)
    def path(name: str, /, **params: Any) -> str:
        template, convertors = named[name]
        return template.format(**{key: convertors[key].to_string(value) for key, value in params.items()})

    return path
