"""One-time messages: the page after a write says what was done.

A script gets the message in the answer to the write. Without scripts the answer is a redirect, so a signed cookie takes
the message to the next page. That page deletes the cookie and is kept in no cache, so neither reloading it nor going
back to it shows the message again.
"""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import Sentence, sentence
from helpdesk.web.core import session
from helpdesk.web.core.faces import FLASH, Face, face_of, htmx_redirect, is_document, is_prefetch

CHOICE_SAVED = sentence("Your choice was saved.")
LASTS_SECONDS = 60
LONGEST = 2_000  # of the cookie: a longer message is dropped rather than refused by the browser


class Flash(NamedTuple):
    """A message, and the address of what it is about if that is another page."""

    message: Sentence
    address: str = ""


def redirect(request: Request, path: str, message: Sentence, address: str = "") -> Response:
    """Send the browser to a page that shows the message, with a link to `address` if there is one."""
    response = htmx_redirect(request, path)
    add(request, response, message, address)
    return response


def add(request: Request, response: Response, message: Sentence, address: str = "") -> None:
    """Let the next page show the message."""
    sealed = session.seal(request, FLASH, [message.text, message.values, address])
    if len(sealed) <= LONGEST:
        response.set_cookie(FLASH, sealed, LASTS_SECONDS, httponly=True, samesite="lax")


def shown(request: Request) -> Flash | None:
    """Return the message for this page, and note on the request that it is shown."""
    cookie = session.cookie(request, FLASH)
    if not cookie or not _is_seen(request):
        return None
    sealed = session.unseal(request, FLASH, cookie, LASTS_SECONDS)
    request.state.shows_flash = True
    return Flash(_sentence(sealed[:2]), "".join(sealed[2:])) if sealed else None


def _is_seen(request: Request) -> bool:
    return face_of(request) is Face.PAGE and is_document(request) and not is_prefetch(request)


def _sentence(parts: list[object]) -> Sentence:
    """Return the sentence of a JSON list; a value of it may be a sentence, too."""
    text, values = parts
    assert isinstance(values, dict)
    return Sentence(str(text), {name: _sentence(it) if isinstance(it, list) else it for name, it in values.items()})
