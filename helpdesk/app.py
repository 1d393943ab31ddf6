"""The application, made of services somebody else chose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from helpdesk.assets import folder
from helpdesk.errors import HelpdeskError
from helpdesk.services import Services
from helpdesk.store.database import StoreUnavailable
from helpdesk.web import errors
from helpdesk.web.compression import Compression
from helpdesk.web.edge import BodyLimit, Edge
from helpdesk.web.etag import Etags
from helpdesk.web.events import Events
from helpdesk.web.live import Live
from helpdesk.web.rendering import Renderer, addresses
from helpdesk.web.routes import ROUTES, without_guard
from helpdesk.web.static import StaticFiles


def create_app(services: Services) -> ASGIApp:
    """The whole product over `services`. Raises RuntimeError for a route without a guard."""
    if forgotten := without_guard(ROUTES):
        raise RuntimeError(f"no guard declared for {', '.join(forgotten)}")

    watchers = [*services.watchers]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        watching = [asyncio.create_task(watch()) for watch in watchers]
        yield
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await services.close()

    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(Compression),
            Middleware(Etags),
            Middleware(BodyLimit, limit=services.settings.max_content_length),
        ],
        exception_handlers={
            HelpdeskError: errors.domain,
            HTTPException: errors.from_http,
            StoreUnavailable: errors.store_down,
            Exception: errors.unexpected,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.services = services
    app.state.path = addresses(ROUTES)
    app.state.static = StaticFiles(folder("static"))
    app.state.renderer = Renderer(services.settings.timezone, app.state.static, app.state.path)
    app.state.live = Live(services, Events(app.state.renderer))
    watchers.append(app.state.live.watch)
    return Edge(app)
