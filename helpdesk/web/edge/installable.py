"""Send what a browser needs to install the helpdesk and to show pushes: the manifest and the service worker.

The worker is at the root, since it may serve only pages below its own address.
"""

import json

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.languages import LANGUAGES, say
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import language

BLUE, WHITE = "#2457c5", "#ffffff"
ICONS = (
    ("mark-192.png", "192x192", "any"),
    ("mark-512.png", "512x512", "any"),
    ("maskable-512.png", "512x512", "maskable"),
    ("mark.svg", "any", "any"),
)
TYPES = {"png": "image/png", "svg": "image/svg+xml"}
MARK_READ, NEWS = sentence("Mark as read"), sentence("There is something new for you.")


async def manifest(request: Request) -> Response:
    """Send the manifest of the installed helpdesk."""
    brand = services(request).settings.brand_name
    fields = {
        "id": "/",
        "name": brand,
        "short_name": brand,
        "lang": language(request),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": BLUE,
        "background_color": WHITE,
        "icons": [
            {"src": _icon(request, name), "sizes": sizes, "type": TYPES[name[-3:]], "purpose": purpose}
            for name, sizes, purpose in ICONS
        ],
    }
    return Response(json.dumps(fields, ensure_ascii=False), media_type="application/manifest+json")


async def worker(request: Request) -> Response:
    """Send the service worker with its words in the language of the page that registered it.

    Browsers ask for it again now and then, and take another one when a byte differs.
    """
    asked = request.query_params.get("locale", "")
    spoken = asked if asked in LANGUAGES else language(request)
    text = {
        "title": services(request).settings.brand_name,
        "news": say(spoken, NEWS),
        "read": say(spoken, MARK_READ),
        "icon": _icon(request, "mark-192.png"),
        "page": path_to(request, "notifications:index"),
    }
    script = services(request).static_files.text("worker.js")
    return Response(f"self.TEXT={json.dumps(text)};{script}", media_type="text/javascript")


def _icon(request: Request, name: str) -> str:
    return services(request).static_files.address(f"icons/{name}")
