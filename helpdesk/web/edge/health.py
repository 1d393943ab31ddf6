"""For whoever watches the process."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


async def healthz(request: Request) -> Response:
    """The process is up."""
    return JSONResponse({"success": True, "status": "up"})


async def readyz(request: Request) -> Response:
    """The store is reachable, sound and current, its disk has room, what runs beside requests runs; 503 otherwise."""
    await request.app.state.readiness.require()
    return JSONResponse({"success": True, "status": "ready"})
