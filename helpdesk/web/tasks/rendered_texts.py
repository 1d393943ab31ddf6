"""The texts of a task as safe HTML, made in threads: they may cost much CPU, so each answer has a limit of it."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from markupsafe import Markup
from starlette.requests import Request

from helpdesk.tasks.markup import inline_images
from helpdesk.tasks.markup import render as markup
from helpdesk.tasks.markup.render import Part, Resolver
from helpdesk.tasks.model import Attachment, Task
from helpdesk.threads import Threads
from helpdesk.web.core.services import path_to, services

THREADS = Threads(4)
PAGE_SECONDS = 2.0
LARGEST_TEXT = 1_000_000  # characters of HTML in one answer


class RequestTexts(NamedTuple):
    """A task as its requester reads it: with the files of the request alone, at the addresses of requests."""

    id: int
    attachments: tuple[Attachment, ...]


Read = Task | RequestTexts | None
"""The task that a text belongs to; a text of a new one has none."""


async def beginnings(request: Request, sources: Mapping[int, str], task: Read) -> dict[int, Part]:
    """Return each text as HTML, of a long one the first part.

    Each text has its own limit of cost (`markup.render`). When a page's texts together took PAGE_SECONDS of CPU, the
    rest begins without its markup.
    """
    if not sources:
        return {}
    format, resolver = services(request).backend.capabilities.text_format, _resolver(request, task)

    def work() -> dict[int, Part]:
        until, parts = time.thread_time() + PAGE_SECONDS, {}
        for key, source in sources.items():
            first_part = markup.beginning if time.thread_time() < until else markup.plain
            parts[key] = first_part(source, format, resolver)
        return parts

    return await THREADS.run(work)


async def render(request: Request, source: str, task: Read, first_part: int = 0) -> Part:
    """Render a text from part `first_part` to its end, or as far as one answer may hold or take."""
    format, resolver = services(request).backend.capabilities.text_format, _resolver(request, task)

    def work() -> Part:
        until, parts, size = time.thread_time() + PAGE_SECONDS, list[Part](), 0
        for part in markup.parts(source, format, resolver, first_part):
            parts.append(part)
            size += len(part.html)
            if size > LARGEST_TEXT or time.thread_time() > until:
                break
        return Part(Markup("").join(part.html for part in parts), parts[-1].more if parts else None)

    return await THREADS.run(work)


def _resolver(request: Request, task: Read) -> Resolver:
    """Return how texts of this task link to other tasks and show its files; without a task there are no files."""
    settings = services(request).settings
    sites = (settings.redmine_url, settings.public_url)
    room = "requests" if isinstance(task, RequestTexts) else "tasks"
    files = inline_images.files_of(task.id, task.attachments, sites) if task else inline_images.NO_FILES

    def link(number: int) -> str:
        return path_to(request, f"{room}:show", task_id=number)

    def path(kind: str, file_id: int) -> str:
        return path_to(request, f"{room}:{kind}", task_id=files.task_id, file_id=file_id)

    return Resolver(link, lambda picture: inline_images.html(picture, files, path))
