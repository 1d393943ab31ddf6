"""Show administrators what is broken first, and the rooms of the administration."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web.admin.sections import section_page
from helpdesk.web.core.faces import answer, json_response


async def index(request: Request) -> Response:
    """Show the overview."""
    return await answer(
        request,
        json=lambda: json_response(request, {}),
        page=lambda: section_page(request, "admin/index.html"),
    )
