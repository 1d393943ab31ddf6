"""The text of a post as safe HTML, and its beginning in plain words, made in threads: it may cost much CPU."""

from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from markupsafe import Markup, escape
from starlette.requests import Request

from helpdesk.errors import sentence
from helpdesk.posts.excerpts import beginning
from helpdesk.store import page_titles
from helpdesk.store.casefold import fold
from helpdesk.store.post_files import FileRow
from helpdesk.store.posts import PostRow
from helpdesk.tasks.markup import inline_images, page_links
from helpdesk.tasks.markup import render as markup
from helpdesk.tasks.markup.page_links import PageLink
from helpdesk.tasks.markup.render import Resolver
from helpdesk.tasks.model import Attachment
from helpdesk.tasks.safe_html import link
from helpdesk.threads import Threads
from helpdesk.web.core.services import path_to, services
from helpdesk.web.core.templating import translate
from helpdesk.web.posts import access

THREADS = Threads(4)
MISSING = sentence("write this page")


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

    page = await _pages(request, content)
    resolver = Resolver(task, lambda picture: inline_images.html(picture, known, path), page)
    parts = await THREADS.run(lambda: [part.html for part in markup.parts(content, "markdown", resolver)])
    return Markup("").join(parts)


async def excerpts(rows: Sequence[PostRow]) -> list[str]:
    """Return the beginnings of the texts of posts, each as one line of plain words."""
    return await THREADS.run(lambda: [beginning(it.content) for it in rows])


async def _pages(request: Request, content: str) -> Callable[[PageLink], str]:
    """Return how `[[Title]]` is shown: as a link to a page that the reader may see, else as the plain words.

    To those who write, the words of a page that is missing are a link to its form.
    """
    titles = page_links.titles(content, "markdown")
    reader, now = await access.reader(request), services(request).clock()
    named = (
        await services(request).database.run(lambda db: page_titles.named(db, reader, now, titles)) if titles else {}
    )

    def page(it: PageLink) -> str:
        found = named.get(fold(it.title))
        if found:
            return link(path_to(request, "posts:show", post_id=found.id), it.words)
        if not reader.may_write or it.title not in titles:
            return str(escape(it.words))
        address = f"{path_to(request, 'posts:new_page')}?{urlencode({'title': it.title})}"
        return f"{escape(it.words)} ({link(address, translate(request, MISSING))})"

    return page
