"""Files that people add. Each goes to the backend at once. A refused form shows its files, ticked, so that they need
not be sent again; the form names them by seals that only their own person can use."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from helpdesk.errors import Invalid, Sentence, TooLarge, sentence
from helpdesk.tasks.files import GONE, Staged, Upload
from helpdesk.tasks.markup.render import REFERENCES
from helpdesk.tasks.model import Actor
from helpdesk.web.core import request_data
from helpdesk.web.core.services import services
from helpdesk.web.core.session import seal, unseal
from helpdesk.web.core.templating import size_text

PIECE = 256 * 1024
PURPOSE = "staged"
SEAL_SECONDS = 24 * 3600
MOST_FILES = 20
TOO_MANY = sentence("At most %(count)s files can be added at once.", count=MOST_FILES)
Owner = int | str
"""Whose files they are: a person's id in the backend, or a text that no other owner has."""


async def receive(request: Request, who: Actor) -> tuple[Staged, ...]:
    """Stage the files of a form in the backend, as `receive_by` does."""
    return await receive_by(request, who.id, lambda upload: services(request).backend.stage(who, upload))


async def receive_by(
    request: Request, owner: Owner, stage: Callable[[Upload], Awaitable[Staged]], field: str | None = None
) -> tuple[Staged, ...]:
    """Stage the files of a form, or of one field of it, and return them after the earlier ones that are still ticked.

    Raises Invalid, TooLarge; `sealed` returns the files that came all the same.
    """
    fields = await request_data.read(request)
    sent = fields.files if field is None else await request_data.files_in(request, field)
    named = [_opened(request, owner, each) for each in fields.all_values("staged", MOST_FILES)]
    staged = request.state.staged = [file for file in named if file]
    if fields.too_large:
        raise _too_large(request)
    if len(staged) < len(named):
        raise Invalid({"files": [GONE]})
    if len(staged) + len(sent) > MOST_FILES:
        raise Invalid({"files": [TOO_MANY]})
    for file in sent:
        staged.append(await stage(_upload(file)))
    return tuple(staged)


def restore(request: Request, owner: Owner, seals: Any) -> None:
    """Bring back the files that a draft names, without expired ones."""
    named = seals if isinstance(seals, list) else [seals]
    request.state.staged = [file for each in named[:MOST_FILES] if (file := _opened(request, owner, each))]


def sealed(request: Request, owner: Owner) -> list[tuple[str, Staged]]:
    """Return the files that a form has sent so far, each with the seal by which the form names it."""
    staged: list[Staged] = getattr(request.state, "staged", [])
    return [(seal(request, PURPOSE, [owner, *file]), file) for file in staged]


def context(request: Request, owner: Owner) -> dict[str, Any]:
    """Return the context of a form's field for files.

    `reference` is the markup by which a text names a picture among the files; `$` stands for its name.
    """
    text_format = services(request).backend.capabilities.text_format
    return {"staged_files": sealed(request, owner), "limit": _limit(request), "reference": REFERENCES[text_format]}


def _too_large(request: Request) -> TooLarge:
    message = sentence("The files are too large: at most %(limit)s together.", limit=_limit(request))
    return TooLarge(message, {"files": [message]})


def _limit(request: Request) -> Sentence:
    return size_text(services(request).settings.max_content_length)


def _upload(file: UploadFile) -> Upload:
    return Upload(file.filename or "", file.content_type or "", file.size or 0, _pieces(file))


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    await file.seek(0)
    while piece := await file.read(PIECE):
        yield piece


def _opened(request: Request, owner: Owner, sealed_file: object) -> Staged | None:
    """Return the file of a seal; None unless it is ours, for this owner and younger than SEAL_SECONDS."""
    sealed_for, *file = unseal(request, PURPOSE, sealed_file, SEAL_SECONDS) or [None]
    return Staged(*file) if sealed_for == owner else None
