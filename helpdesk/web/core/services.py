"""The services of the application: everything that a handler reaches beside its request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from helpdesk.services import Services

if TYPE_CHECKING:
    from helpdesk.tasks.colors import ColorCache
    from helpdesk.tasks.pictures import Pictures
    from helpdesk.web.core.errors import ErrorParts
    from helpdesk.web.core.idempotency import Unsettled
    from helpdesk.web.core.static_files import StaticFiles
    from helpdesk.web.core.templating import Renderer
    from helpdesk.web.edge.readiness import Readiness
    from helpdesk.web.lists.export import Exports
    from helpdesk.web.live.hub import Live
    from helpdesk.web.tasks.change import Presenters


@dataclass(frozen=True, kw_only=True)
class WebServices(Services):
    """The ports and the store that `wiring` chose, and what `app.py` adds for the web.

    `path` returns the address of a route by its name. `error_parts` and `presenters` come from upper floors.
    """

    path: Callable[..., str]
    static_files: "StaticFiles"
    renderer: "Renderer"
    live: "Live"
    readiness: "Readiness"
    pictures: "Pictures"
    exports: "Exports"
    color_cache: "ColorCache"
    unsettled: "Unsettled"
    error_parts: "ErrorParts"
    presenters: "Presenters"


def services(request: Request) -> WebServices:
    """Return the services of the application: the only thing on `app.state`."""
    found: WebServices = request.app.state.services
    return found
