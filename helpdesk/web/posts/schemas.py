"""Posts as JSON shows them (contract §5)."""

from collections.abc import Sequence
from datetime import datetime

from starlette.requests import Request

from helpdesk.store.post_files import FileRow
from helpdesk.store.post_readers import DEPARTMENT, RIGHT
from helpdesk.store.posts import Part, PostRow
from helpdesk.web.core.faces import Json, moment
from helpdesk.web.core.services import path_to


def post(request: Request, it: PostRow, now: datetime) -> Json:
    """Return a post; in a list a long text is cut, which `is_whole` tells."""
    image = path_to(request, "posts:image", post_id=it.id) if it.picture else None
    names = ("id", "title", "content", "version", "is_pinned", "is_important")
    moments = {name: moment(getattr(it, name)) for name in ("published_from", "published_until", "updated_at")}
    return {
        **{name: getattr(it, name) for name in names},
        "is_whole": len(it.content) == it.length,
        "date_posted": moment(it.published_from or it.created_at),
        "image": image,
        "image_alt": it.picture_alt,
        "author": {"id": it.author.id, "username": it.author.login, "full_name": it.author.full_name},
        "state": it.state(now),
        **moments,
        "is_read": it.read_at is not None,
        "is_understood": it.is_understood,
    }


def files(request: Request, post_id: int, listed: Sequence[FileRow]) -> list[Json]:
    """Return the files of a post with their addresses."""
    return [
        {
            "id": it.id,
            "filename": it.filename,
            "size": it.size,
            "content_type": it.content_type,
            "url": path_to(request, "posts:file", post_id=post_id, file_id=it.id),
        }
        for it in listed
    ]


def audience(parts: Sequence[Part]) -> Json:
    """Return for whom a post is; two empty lists mean everybody."""
    kinds = {"departments": DEPARTMENT, "rights": RIGHT}
    return {name: [it.value for it in parts if it.kind == kind] for name, kind in kinds.items()}
