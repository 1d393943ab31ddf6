"""Render pages of assessments, with the pages of quality control that their person may go to."""

from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.web.core import faces
from helpdesk.web.quality import desk
from helpdesk.web.task_assessments import sources


def html(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Render a page of assessments, whose template extends `quality/assessments/base.html`."""
    places = desk.places(request, request.state.person) if sources.is_controller(request) else []
    return faces.html(
        request,
        f"quality/assessments/{template}",
        status,
        places=places,
        is_partial=sources.is_partial(request),
        task_address=partial(sources.address, request),
        **context,
    )
