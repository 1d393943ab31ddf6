"""Show pictures of descriptions and comments that are among the task's files; name any other with its address.

As in Redmine, a text refers to a picture by the file's name in any case (the latest of several files of that name is
meant), or by the address of an attachment. Mail refers to it by `cid:`, which often holds the file's name. Nothing is
ever loaded from elsewhere.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from unicodedata import normalize
from urllib.parse import unquote, unquote_plus, urlsplit

from markupsafe import escape

from helpdesk.tasks.model import Attachment
from helpdesk.tasks.safe_html import Picture, external_link, link

SHOWN_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
THUMBNAIL = 192  # the side of a file's small view, in pixels
WIDEST, HIGHEST, SMALLEST = 800, 600, 16
LONGEST_ADDRESS = 100  # characters shown of an address

_SHOWN_NAME = re.compile(r".+\.(?:png|jpe?g|webp|gif)", re.I)
_ATTACHMENT = re.compile(r"(?:/[\w.~-]+){0,4}/attachments/(?:download/|thumbnail/)?([1-9][0-9]{0,18})(?:/[^/]*){0,2}")
_DATA = re.compile(r"\A(data:[^;,]*).*", re.I | re.S)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]", re.I)

Path = Callable[[str, int], str]
"""Returns the address of a file, by its kind (`thumbnail`, `view` or `file`) and id."""


class Files(NamedTuple):
    """The files of a task by id and name; `sites` are the addresses of Redmine and of the helpdesk."""

    task_id: int = 0
    by_id: Mapping[int, Attachment] = {}
    by_name: Mapping[str, Attachment] = {}
    sites: tuple[str, ...] = ()


NO_FILES = Files()


def files_of(task_id: int, attachments: Iterable[Attachment], sites: Iterable[str | None] = ()) -> Files:
    """Index the files of a task; of several with the same name the latest counts."""
    in_order = sorted(attachments, key=lambda file: (file.created_on.timestamp() if file.created_on else 0, file.id))
    by_name = {_folded(file.filename): file for file in in_order}
    return Files(task_id, {file.id: file for file in in_order}, by_name, tuple(filter(None, sites)))


def find(files: Files, src: str) -> Attachment | None:
    """Return the file that a text refers to, or None."""
    path = _local(files, src)
    if path.startswith("/"):
        return _by_address(files, path)
    if path[:4].lower() == "cid:":
        path = path[4:].partition("@")[0]
    names = (path, unquote(path), unquote_plus(path))
    plain = re.split(r"[?#]", path, maxsplit=1)[0]
    return next(
        (files.by_name[key] for name in (*names, unquote(plain)) if (key := _folded(name)) in files.by_name), None
    )


def is_shown(file: Attachment) -> bool:
    """Return whether smaller views of a file can be made, by its type, else by its name."""
    kind = file.content_type
    is_unclear = kind in ("", "application/octet-stream") or kind.startswith("image/")  # as image/pjpeg
    return kind in SHOWN_TYPES or (is_unclear and _SHOWN_NAME.fullmatch(file.filename) is not None)


def html(picture: Picture, files: Files, path: Path) -> str:
    """Return the HTML for a picture of a text."""
    file = find(files, picture.src)
    if file is None:
        return named(picture)
    if not is_shown(file):
        return str(escape(file.filename)) if picture.in_link else link(path("file", file.id), file.filename)
    image = _image(picture, file, path)
    return image if picture.in_link else f'<a href="{escape(path("view", file.id))}">{image}</a>'


def _image(picture: Picture, file: Attachment, path: Path) -> str:
    """Return the small view, or the larger one for a larger size, in a box that is there before the picture is."""
    width, height = _box(picture.width, picture.height)
    small, large = (escape(path(kind, file.id)) for kind in ("thumbnail", "view"))
    title = f' title="{escape(picture.title)}"' if picture.title else ""
    sharp = f' srcset="{small} {THUMBNAIL}w, {large} 1600w" sizes="{width}px"' if max(width, height) > THUMBNAIL else ""
    alt = escape(picture.alt or picture.title or file.filename)
    return f'<img src="{small}"{sharp} alt="{alt}"{title} width="{width}" height="{height}" loading="lazy">'


def _box(width: int, height: int) -> tuple[int, int]:
    """Return sides within bounds. A missing side follows from the ratio 4:3."""
    width = width or (height * 4 // 3 if height else THUMBNAIL)
    height = height or width * 3 // 4
    scale = min(1.0, WIDEST / width, HIGHEST / height)
    return max(SMALLEST, round(width * scale)), max(SMALLEST, round(height * scale))


def named(picture: Picture) -> str:
    """Return its name and its address, a link if it can be followed. A mail's tracking pixel is named by its host."""
    name, src = picture.alt or picture.title, _DATA.sub(r"\1", picture.src)
    address = src if len(src) <= LONGEST_ADDRESS else src[: LONGEST_ADDRESS - 1] + "…"
    if _ELSEWHERE.match(src) and not name and max(picture.width, picture.height) == 1:
        address = _host(src) or address
    if not picture.in_link and src.lower().startswith(("http://", "https://")):
        target = external_link(src, address)
    else:
        target = str(escape(address if _ELSEWHERE.match(src) else unquote(src)))
    if not name or name == src:
        return target
    return f"{escape(name)} ({target})" if src else str(escape(name))


def _local(files: Files, src: str) -> str:
    """Return the address without the site, if that is Redmine's or ours."""
    for site in files.sites:
        base = site.rstrip("/")
        if src.startswith(f"{base}/"):
            return src[len(base) :]
    return src


def _by_address(files: Files, path: str) -> Attachment | None:
    plain = re.split(r"[?#]", path, maxsplit=1)[0]
    start = rf"/(?:tasks|requests)/{files.task_id}/files/"
    ours = re.fullmatch(rf"{start}([1-9][0-9]{{0,18}})(?:/(?:thumbnail|view))?", plain)
    match = ours or _ATTACHMENT.fullmatch(plain)
    return files.by_id.get(int(match[1])) if match else None


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold()
