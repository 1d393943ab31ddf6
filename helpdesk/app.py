"""Make the application of the services that `wiring` chose."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from helpdesk.errors import HelpdeskError
from helpdesk.paths import folder
from helpdesk.people.absences import Absences
from helpdesk.people.avatars import Avatars
from helpdesk.services import Services
from helpdesk.store.blobs import Blobs
from helpdesk.supervision import Supervisor
from helpdesk.tasks.colors import ColorCache
from helpdesk.tasks.pictures import Pictures
from helpdesk.tasks.readers import ReaderCache
from helpdesk.threads import Threads
from helpdesk.web.access import differences
from helpdesk.web.core import errors
from helpdesk.web.core.request_body import BodyLimit
from helpdesk.web.core.services import WebServices, path_maker
from helpdesk.web.core.templating import Renderer
from helpdesk.web.drafts import handoff as draft_handoff
from helpdesk.web.edge.compression import Compression
from helpdesk.web.edge.cors import Cors
from helpdesk.web.edge.etag import Etags
from helpdesk.web.edge.legacy_redirects import redirect_without_slash
from helpdesk.web.edge.middleware import Bounds, Edge
from helpdesk.web.edge.readiness import Readiness
from helpdesk.web.edge.request_metrics import NoteEndpoint, RequestMetrics
from helpdesk.web.edge.static_files import StaticFiles
from helpdesk.web.lists.counts import Counts
from helpdesk.web.lists.export import Exports
from helpdesk.web.live.events import Events
from helpdesk.web.live.hub import Live
from helpdesk.web.notifications import preference_params
from helpdesk.web.people.avatar_cache import AvatarCache
from helpdesk.web.people.presence import Presence
from helpdesk.web.routes import PRESENTERS, ROUTES
from helpdesk.web.tasks import colors


def create_app(services: Services) -> ASGIApp:
    """Return the whole product over `services`. Raises RuntimeError for a route without its guard."""
    if wrong := differences(ROUTES):
        raise RuntimeError(f"web/access.py and web/routes.py differ in {', '.join(wrong)}")

    settings, path = services.settings, path_maker(ROUTES)
    static_files, pictures = StaticFiles(folder("static")), Pictures()
    renderer = Renderer(settings.timezone, static_files.address, path, settings.brand_name)
    live, presence = Live(services, Events(renderer)), Presence(services.database, services.clock)
    metrics = RequestMetrics(ROUTES, services.database, services.clock)
    supervisor = Supervisor([*services.watchers, live.watch, presence.watch, metrics.watch])

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        supervision, is_ending = asyncio.create_task(supervisor.run()), Event()
        preparation = Threads(1)  # else the first requests that need these would hold up the event loop
        preparation.later(preference_params.zones)
        if not settings.demo:
            preparation.later(lambda: renderer.prepare(lambda: not is_ending.is_set()))
        try:
            yield
        finally:
            is_ending.set()
        supervision.cancel()
        await asyncio.gather(supervision, return_exceptions=True)
        await pictures.close()
        await services.close()

    app = Starlette(
        routes=ROUTES,
        middleware=[
            Middleware(Cors, settings.cors_origins or ()),
            Middleware(Bounds),
            Middleware(Compression),
            Middleware(Etags),
            Middleware(BodyLimit),
            Middleware(NoteEndpoint),
        ],
        exception_handlers={
            HelpdeskError: errors.domain,
            HTTPException: errors.from_http,
            Exception: errors.unexpected,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.router.default = redirect_without_slash
    app.state.services = WebServices(
        **vars(services),
        path=path,
        static_files=static_files,
        renderer=renderer,
        live=live,
        metrics=metrics,
        readiness=Readiness(services, supervisor.failing),
        pictures=pictures,
        exports=Exports(),
        letters_underway=Counter(),
        color_cache=ColorCache(),
        reader_cache=ReaderCache(),
        absences=Absences(services.database, services.accounts, services.clock, settings.timezone),
        counts=Counts(),
        presence=presence,
        avatars=Avatars(settings.pictures_folder),
        blobs=Blobs(settings.files_folder),
        avatar_cache=AvatarCache(services.database, renderer, by_redmine=settings.redmine_url is not None),
        unsettled={},
        conflict_json=colors.conflict,
        sealed_text=draft_handoff.sealed,
        presenters=PRESENTERS,
    )
    return Edge(app, metrics, settings.session_cookie_secure, settings.only_https, settings.demo)
