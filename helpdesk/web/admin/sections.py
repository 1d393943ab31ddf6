"""List the pages of the administration, as its own navigation shows them."""

from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Sentence, sentence
from helpdesk.web.core.faces import html


class Section(NamedTuple):
    route: str
    name: Sentence


SECTIONS: tuple[Section, ...] = (
    Section("admin:index", sentence("Overview")),
    Section("admin:people", sentence("People")),
    Section("admin:systems", sentence("Systems")),
    Section("admin:audit", sentence("Audit")),
    Section("admin:categories", sentence("Categories of requests")),
    Section("tasks:columns", sentence("Columns of the board")),
)


def section_page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Render a page of the administration, whose template extends `admin/base.html`."""
    return html(request, template, status, admin_sections=SECTIONS, **context)
