"""Static files under addresses with a hash of their content, so that browsers keep them for good.

Our own stylesheets and scripts are sent as one file each, because a branch office pays for every request. All texts are
compressed once, at start, as much as possible: docs/numbers.md has the gain.
"""

import gzip
import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple

import brotli  # type: ignore[import-untyped]  # ships no types
import rjsmin  # type: ignore[import-untyped]  # ships no types
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpdesk.errors import NotFound
from helpdesk.web.core.faces import accepted
from helpdesk.web.core.services import services

# An SVG that is opened by itself is a document. As a part of a page it falls under that page's policy.
ALONE = {"image/svg+xml": {"Content-Security-Policy": "sandbox; default-src 'none'"}}
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
BUNDLES = {
    "app.css": ("css/*.css",),
    "note.css": ("css/pages/note.css",),
    "task.css": ("css/text/*.css", "css/task/*.css"),
    "text.css": ("css/text/*.css",),
    "edit.css": ("css/pages/edit.css",),
    "kept.css": ("css/pages/kept.css",),
    "bulk.css": ("css/pages/bulk.css",),
    "hint.css": ("css/pages/hint.css",),
    "start.css": ("css/pages/hint.css", "css/pages/splash.css", "css/pages/start.css"),
    "counts.css": ("css/pages/counts.css",),
    "notifications.css": ("css/pages/hint.css", "css/pages/kept.css", "css/pages/notifications.css"),
    "board.css": ("css/pages/board.css", "css/pages/hint.css"),
    "columns.css": ("css/pages/kept.css", "css/pages/columns.css"),
    "admin.css": ("css/pages/kept.css", "css/pages/admin.css"),
    "systems.css": ("css/pages/systems.css",),
    "tracker.css": ("css/pages/tracker.css",),
    "mentions.css": ("css/pages/mentions.css",),
    "people.css": ("css/pages/kept.css", "css/pages/people.css"),
    "palette.css": ("css/pages/palette.css",),
    "phone.css": ("css/phone/*.css", "css/pages/phone-state.css"),
    "requests.css": ("css/pages/requests.css",),
    "posts.css": ("css/pages/posts.css",),
    "knowledge.css": ("css/pages/knowledge.css",),
    "preferences.css": ("css/pages/kept.css", "css/pages/preferences.css"),
    "call-log.css": ("css/pages/call-log.css",),
    "assessments.css": ("css/pages/assessments.css",),
    "app.js": ("js/*.js",),
    "calls.js": ("js/calls/*.js",),
    "call-log.js": ("js/call-log/*.js",),
    "team.css": ("css/pages/phone-state.css", "css/pages/team.css"),
    "team.js": ("js/team/*.js",),
    "netmonitor.css": ("css/pages/netmonitor.css",),
    "reports.css": ("css/pages/reports.css", "css/pages/reports-tables.css"),
    "netmonitor.js": ("js/netmonitor/*.js",),
    "quality.css": ("css/pages/quality.css",),
    "people.js": ("js/people/*.js",),
    "push.js": ("js/push/*.js",),
    "worker.js": ("js/worker/*.js",),
    "lazy.js": ("js/lazy/*.js",),
    "task.js": ("js/task/*.js",),
    "draft.js": ("js/task/draft.js",),
    "quick.js": ("js/quick/*.js",),
    "print.js": ("js/print/*.js",),
    "board.js": ("js/board/*.js", "js/task/draft.js"),
    "htmx.js": ("vendor/htmx-*.js", "js/htmx/*.js"),
}
ICONS = ("*.svg", "*.png")
TEXTS = {".css", ".js", ".svg"}
COMMENT = re.compile(r"/\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z)")
QUOTED = re.compile(r"""("[^"]*"|'[^']*')""")


class StaticFile(NamedTuple):
    """`encoded` holds the smaller forms by the name of their content coding, the smallest first."""

    content: bytes
    media_type: str
    encoded: Mapping[str, bytes]


class StaticFiles:
    """Icons and bundles, read once at start. A bundle's parts come in the order of their names."""

    def __init__(self, folder: Path) -> None:
        icons = sorted(file for pattern in ICONS for file in (folder / "icons").glob(pattern))
        sources = {str(file.relative_to(folder)): file.read_bytes() for file in icons}
        for name, patterns in BUNDLES.items():
            parts = (part for pattern in patterns for part in sorted(folder.glob(pattern)))
            sources[name] = "\n".join(map(minified, parts)).encode()
        self.names = {name: _hashed(name, content) for name, content in sources.items()}
        self.files = {
            self.names[name]: StaticFile(content, _media_type(name), _forms(name, content))
            for name, content in sources.items()
        }

    def address(self, name: str) -> str:
        """Return the address of a file by its plain name, such as `app.css`."""
        return f"/static/{self.names[name]}"

    def text(self, name: str) -> str:
        """Return the text of a file by its plain name."""
        return self.files[self.names[name]].content.decode()


async def static(request: Request) -> Response:
    """Answer with a file in the smallest form that the client accepts; `*` in Accept-Encoding names none. A plain name,
    which programs know, leads to the present one."""
    known, name = services(request).static_files, request.path_params["name"]
    file = known.files.get(name)
    if file is None and name in known.names:
        return RedirectResponse(known.address(name))
    if file is None:
        raise NotFound
    codings = accepted(request.headers.get("accept-encoding", ""))
    coding = next((it for it in file.encoded if it in codings), None)
    headers = FOREVER | ALONE.get(file.media_type, {}) | ({"Vary": "Accept-Encoding"} if file.encoded else {})
    if coding is None:
        return Response(file.content, media_type=file.media_type, headers=headers)
    return Response(file.encoded[coding], media_type=file.media_type, headers=headers | {"Content-Encoding": coding})


def minified(file: Path) -> str:
    """Return a stylesheet or script without comments and needless blanks.

    A file that was minified already stays as it is: htmx has a template literal inside another one, and rjsmin removes
    blanks from the inner one. tests/web/test_static.py keeps such literals out of our own scripts.
    """
    text = file.read_text("utf-8")
    if file.stem.endswith(".min"):
        return text
    return _without_blanks(text) if file.suffix == ".css" else str(rjsmin.jsmin(text))


def _without_blanks(style: str) -> str:
    """Return a stylesheet without comments and needless blanks; rcssmin makes `.text :is(ul)` a `.text:is(ul)`.

    Quoted texts stay. In e2e/test_styles.py a browser compares the rules.
    """
    pieces = enumerate(QUOTED.split(COMMENT.sub("", style)))
    return "".join(piece if number % 2 else _unspaced(piece) for number, piece in pieces)


def _unspaced(style: str) -> str:
    """Remove blanks beside signs where they mean nothing. Only a colon outside selectors is followed by a blank."""
    return re.sub(r"(?:(?<!\s)\s++)?([{};,])\s*+|(:) ", r"\1\2", style).replace(";}", "}")


def _media_type(name: str) -> str:
    return guess_type(name)[0] or "application/octet-stream"


def _forms(name: str, content: bytes) -> dict[str, bytes]:
    """Return the encoded forms that are smaller than the content.

    Zstandard is left out: its best is larger than Brotli's, and clients that accept it accept Brotli, too.
    """
    forms = _compressed(content) if Path(name).suffix in TEXTS else {}
    return {coding: form for coding, form in forms.items() if len(form) < len(content)}


@cache
def _compressed(content: bytes) -> dict[str, bytes]:
    """Compress once for a process: tests make many applications."""
    return {"br": brotli.compress(content, quality=11), "gzip": gzip.compress(content, 9, mtime=0)}


def _hashed(name: str, content: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{sha256(content).hexdigest()[:10]}.{suffix}"
