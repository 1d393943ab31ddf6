"""Render pages of assessments, with the pages of quality control that their person may go to."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.people.rights import ADMIN, QUALITY
from helpdesk.web.core import faces
from helpdesk.web.core.guards import holds
from helpdesk.web.quality import desk


def html(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Render a page of assessments, whose template extends `quality/assessments/base.html`."""
    person = request.state.person
    is_controller = any(holds(person, it) for it in (QUALITY, ADMIN))
    places = desk.places(request, person) if is_controller else []
    is_partial = getattr(request.state, "second_is_down", False)
    return faces.html(
        request, f"quality/assessments/{template}", status, places=places, is_partial=is_partial, **context
    )
