"""Render pages of assessments, with the sections that their person may enter."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Sentence, sentence
from helpdesk.people.rights import ADMIN, QUALITY
from helpdesk.web.core import faces
from helpdesk.web.core.guards import holds

OWN = ("quality:mine", sentence("Assessments of my work"))
OF_CONTROLLERS = (
    ("quality:assessments", sentence("Assessments")),
    ("quality:sample", sentence("Tasks to assess")),
)
OF_ADMINISTRATORS = (("quality:forms", sentence("Forms")),)


def html(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Render a page of assessments, whose template extends `quality/assessments/base.html`."""
    person = request.state.person
    is_admin = holds(person, ADMIN)
    shown: list[tuple[str, Sentence]] = []
    if is_admin or holds(person, QUALITY):
        shown += OF_CONTROLLERS
    if is_admin:
        shown += OF_ADMINISTRATORS
    return faces.html(request, f"quality/assessments/{template}", status, sections=[*shown, OWN], **context)
