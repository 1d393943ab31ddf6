"""Render pages of assessments, with the pages of quality control that their person may go to."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web.core import faces
from helpdesk.web.quality import desk
from helpdesk.web.quality.assessments import sources


def html(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Render a page of assessments, whose template extends `quality/assessments/base.html`."""
    places = desk.places(request, request.state.person) if sources.is_controller(request) else []
    is_partial = getattr(request.state, "second_is_down", False)
    return faces.html(
        request, f"quality/assessments/{template}", status, places=places, is_partial=is_partial, **context
    )
