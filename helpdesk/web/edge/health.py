"""For whoever watches the process."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from helpdesk.web.core.services import services


async def healthz(request: Request) -> Response:
    """The process is up."""
    return JSONResponse({"success": True, "status": "up"})


async def readyz(request: Request) -> Response:
    """The store is reachable, sound and current, its disk has room, what runs beside requests runs; 503 otherwise."""
    await services(request).readiness.require()
    return JSONResponse({"success": True, "status": "ready"})
