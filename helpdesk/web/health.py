"""For whoever watches the process."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from helpdesk.errors import Unavailable, sentence
from helpdesk.store import schema
from helpdesk.web.rendering import services

NOT_CURRENT = sentence("The schema is not current. Run: helpdesk migrate")


async def healthz(request: Request) -> Response:
    """The process is up."""
    return JSONResponse({"success": True, "status": "up"})


async def readyz(request: Request) -> Response:
    """The store is reachable and its schema current; 503 otherwise."""
    if not await services(request).database.run(schema.is_current):
        raise Unavailable(NOT_CURRENT)
    return JSONResponse({"success": True, "status": "ready"})
