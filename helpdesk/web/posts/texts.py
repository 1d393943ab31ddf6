"""The text of a post as safe HTML, made in threads: it may cost much CPU."""

from collections.abc import Sequence

from markupsafe import Markup
from starlette.requests import Request

from helpdesk.store.post_files import FileRow
from helpdesk.tasks.markup import inline_images
from helpdesk.tasks.markup import render as markup
from helpdesk.tasks.markup.render import Resolver
from helpdesk.tasks.model import Attachment
from helpdesk.threads import Threads
from helpdesk.web.core.services import path_to

THREADS = Threads(4)


async def render(request: Request, content: str, post_id: int = 0, files: Sequence[FileRow] = ()) -> Markup:
    """Return the whole Markdown of a post as HTML: of at most 64 K characters, it has few parts with a limit each.

    A picture is shown if it is among the files, by its name.
    """
    attachments = [Attachment(it.id, it.filename, it.size, it.content_type) for it in files]
    known = inline_images.files_of(post_id, attachments)

    def task(number: int) -> str:
        return path_to(request, "tasks:show", task_id=number)

    def path(kind: str, file_id: int) -> str:
        address = path_to(request, "posts:file", post_id=post_id, file_id=file_id)
        return address if kind == "file" else f"{address}?size={'small' if kind == 'thumbnail' else 'large'}"

    resolver = Resolver(task, lambda picture: inline_images.html(picture, known, path))
    parts = await THREADS.run(lambda: [part.html for part in markup.parts(content, "markdown", resolver)])
    return Markup("").join(parts)
