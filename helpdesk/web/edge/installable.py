"""Send what a browser needs to install the helpdesk and to show pushes: the manifest and the service worker.

The worker is at the root, since it may serve only pages below its own address.
"""

import json
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import sentence
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import language, translate

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
    return _unless_known(request, json.dumps(fields, ensure_ascii=False), "application/manifest+json")


async def worker(request: Request) -> Response:
    """Send the service worker with its words in the language of the browser's person.

    Browsers ask for it again now and then, and take another one when a byte differs.
    """
    text = {
        "title": services(request).settings.brand_name,
        "news": translate(request, NEWS),
        "read": translate(request, MARK_READ),
        "icon": _icon(request, "mark-192.png"),
        "page": path_to(request, "notifications:index"),
    }
    script = services(request).static_files.text("worker.js")
    return _unless_known(request, f"self.TEXT={json.dumps(text)};{script}", "text/javascript")


def _icon(request: Request, name: str) -> str:
    return services(request).static_files.address(f"icons/{name}")


def _unless_known(request: Request, content: str, media_type: str) -> Response:
    """Answer with a content that the browser asks for each time, and gets when it has changed."""
    tag = f'"{sha256(content.encode()).hexdigest()[:20]}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": tag})
    return Response(content, media_type=media_type, headers={"ETag": tag})
