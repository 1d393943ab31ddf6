"""Static files under addresses that carry a hash of their content: kept by browsers for good.

Our own stylesheets and scripts are sent as one file each, for a branch office pays for every request.
"""

from hashlib import sha256
from mimetypes import guess_type
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
BUNDLES = {"app.css": "css/*.css", "app.js": "js/*.js"}


class StaticFile(NamedTuple):
    content: bytes
    media_type: str


class StaticFiles:
    """Everything under `folder`, read once at start. Bundles are made of their parts in the order of their names."""

    def __init__(self, folder: Path) -> None:
        sources = {
            str(file.relative_to(folder)): file.read_bytes()
            for kind in ("vendor", "icons")
            for file in sorted((folder / kind).rglob("*"))
            if file.suffix in (".js", ".svg")
        }
        for name, parts in BUNDLES.items():
            sources[name] = b"\n".join(part.read_bytes() for part in sorted(folder.glob(parts)))
        self.names = {name: _hashed(name, content) for name, content in sources.items()}
        self.files = {
            self.names[name]: StaticFile(content, guess_type(name)[0] or "application/octet-stream")
            for name, content in sources.items()
        }

    def address(self, name: str) -> str:
        """The address of a file by its plain name, such as `app.css`."""
        return f"/static/{self.names[name]}"


async def static(request: Request) -> Response:
    files: StaticFiles = request.app.state.static
    found = files.files.get(request.path_params["name"])
    if found is None:
        raise NotFound
    return Response(found.content, media_type=found.media_type, headers=FOREVER)


def _hashed(name: str, content: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{sha256(content).hexdigest()[:10]}.{suffix}"
