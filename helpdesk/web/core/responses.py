"""Responses: a page or fragment, JSON, or a redirect."""

import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from helpdesk.web.core.faces import Respond, answer, is_htmx
from helpdesk.web.core.services import services
from helpdesk.web.core.templating import WROTE

HTMX_LEADS = "hx-redirect"


def html(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """A page or a fragment. Half characters, which a program may send to be shown again, become question marks."""
    text = services(request).renderer.render(request, template, context)
    return HTMLResponse(text.encode("utf-8", "replace"), status)


def json_response(request: Request, body: Mapping[str, Any], status: int = 200) -> Response:
    """The JSON face of a success."""
    timed = {"success": True, **body, "execution_time": round(time.perf_counter() - request.state.began, 4)}
    return JSONResponse(timed, status)


def see_other(path: str) -> Response:
    """Send a browser to a page after a write, so that reloading writes nothing again. The changed cookie, by which our
    pages vary, makes the browser fetch the pages it has stored again when the person goes back to them."""
    response = RedirectResponse(path, 303)
    response.set_cookie(WROTE, f"{time.time_ns() // 1_000_000:x}", samesite="lax")
    return response


def htmx_redirect(request: Request, path: str) -> Response:
    """The same for htmx, too, which would put the page that a redirect leads to into the form."""
    return Response(headers={HTMX_LEADS: path}) if is_htmx(request) else see_other(path)


async def fragment_or_page(request: Request, fragment: Respond, path: str) -> Response:
    """Answer htmx by `fragment`; send anybody else to the page at `path`."""
    page = see_other(path)
    return await answer(request, json=lambda: page, page=lambda: page, fragment=fragment)
