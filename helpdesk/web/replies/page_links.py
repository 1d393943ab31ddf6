"""Turn `[[Title]]` in a reply into a link to the knowledge page, for Redmine, mail and the people who read it there."""

from starlette.requests import Request

from helpdesk.store import page_titles
from helpdesk.store.casefold import fold
from helpdesk.store.post_readers import reader_of
from helpdesk.tasks.markup import page_links
from helpdesk.threads import Threads
from helpdesk.web.core.request_data import LONGEST_TEXT
from helpdesk.web.core.services import own_address, path_to, services
from helpdesk.web.core.session import current_user

THREADS = Threads(2)


async def linked(request: Request, text: str) -> str:
    """Return a reply in which the titles of pages that its author may see are links in the backend's markup.

    A reply that would be too long with its links stays as it was typed.
    """
    format = services(request).backend.capabilities.text_format
    titles = await THREADS.run(page_links.titles, text, format) if "[[" in text else []
    if not titles:
        return text
    reader, now = reader_of(await current_user(request)), services(request).clock()
    named = await services(request).database.run(lambda db: page_titles.named(db, reader, now, titles))

    def address(title: str) -> str | None:
        page = named.get(fold(title))
        return own_address(request) + path_to(request, "posts:show", post_id=page.id) if page else None

    result = await THREADS.run(page_links.rewritten, text, format, address)
    return text if len(result) > LONGEST_TEXT else result
