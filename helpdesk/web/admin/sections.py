"""List the pages of the administration, as its own navigation shows them."""

from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Sentence, sentence
from helpdesk.web.core.faces import html
from helpdesk.web.core.services import services


class Section(NamedTuple):
    """A link to a route. Those for the embedded tracker alone are left out where the tasks are in Redmine."""

    route: str
    name: Sentence
    embedded: bool = False


SECTIONS: tuple[Section, ...] = (
    Section("admin:index", sentence("Overview")),
    Section("admin:people", sentence("People")),
    Section("admin:systems", sentence("Systems")),
    Section("admin:metrics", sentence("Numbers")),
    Section("admin:delivery", sentence("Delivery")),
    Section("admin:audit", sentence("Audit")),
    Section("admin:categories", sentence("Categories of requests")),
    Section("mail:index", sentence("Mail to many")),
    Section("admin:texts", sentence("Texts")),
    Section("tracker:index", sentence("Task system"), embedded=True),
    Section("promises:index", sentence("Promises of time")),
    Section("promises:calendars", sentence("Business calendars")),
    Section("tasks:columns", sentence("Columns of the board")),
)


def section_page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Render a page of the administration, whose template extends `admin/base.html`."""
    is_embedded = services(request).settings.redmine_url is None
    shown = [it for it in SECTIONS if is_embedded or not it.embedded]
    return html(request, template, status, admin_sections=shown, **context)
