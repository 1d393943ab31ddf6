"""The application, made of services somebody else chose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from helpdesk.errors import HelpdeskError
from helpdesk.paths import folder
from helpdesk.services import Services
from helpdesk.supervision import Supervisor
from helpdesk.tasks import colors as task_colors
from helpdesk.tasks.pictures import Pictures
from helpdesk.threads import Threads
from helpdesk.web.core import errors
from helpdesk.web.core.body_limit import BodyLimit
from helpdesk.web.core.request_limits import Bounds
from helpdesk.web.core.static_files import StaticFiles
from helpdesk.web.core.templating import Renderer, addresses
from helpdesk.web.drafts import handoff as draft_handoff
from helpdesk.web.edge.compression import Compression
from helpdesk.web.edge.etag import Etags
from helpdesk.web.edge.legacy_redirects import without_slash
from helpdesk.web.edge.middleware import Edge
from helpdesk.web.edge.readiness import Readiness
from helpdesk.web.lists.export import Exports
from helpdesk.web.live.events import Events
from helpdesk.web.live.hub import Live
from helpdesk.web.routes import PRESENTERS, ROUTES, without_guard
from helpdesk.web.tasks import colors


def create_app(services: Services) -> ASGIApp:
    """The whole product over `services`. Raises RuntimeError for a route without a guard."""
    if forgotten := without_guard(ROUTES):
        raise RuntimeError(f"no guard declared for {', '.join(forgotten)}")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        watching, ends = asyncio.create_task(app.state.supervisor.run()), Event()
        if not services.settings.demo:
            Threads(1).later(lambda: app.state.renderer.prepare(lambda: not ends.is_set()))
        try:
            yield
        finally:
            ends.set()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await app.state.pictures.close()
        await services.close()

    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(Bounds, refuse=errors.domain),
            Middleware(Compression),
            Middleware(Etags),
            Middleware(BodyLimit),
        ],
        exception_handlers={
            HelpdeskError: errors.domain,
            HTTPException: errors.from_http,
            Exception: errors.unexpected,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.router.default = without_slash
    app.state.services = services
    app.state.unsettled = {}
    app.state.presenters = PRESENTERS
    app.state.error_parts = errors.ErrorParts(colors.conflict, draft_handoff.sealed)
    app.state.path = addresses(ROUTES)
    app.state.static = StaticFiles(folder("static"))
    settings = services.settings
    app.state.renderer = Renderer(settings.timezone, app.state.static, app.state.path, settings.brand_name)
    app.state.colors = task_colors.cache()
    app.state.exports = Exports()
    app.state.pictures = Pictures()
    app.state.live = Live(services, Events(app.state.renderer))
    app.state.supervisor = Supervisor([*services.watchers, app.state.live.watch])
    app.state.readiness = Readiness(services, app.state.supervisor.failing)
    return Edge(app, settings.session_cookie_secure, settings.only_https, settings.demo)
