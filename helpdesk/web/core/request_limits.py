"""Limits of a request before anything is done with it: its address, its headers, the numbers in its path."""

from collections.abc import Awaitable, Callable

from starlette.convertors import IntegerConvertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from helpdesk.errors import HelpdeskError, Malformed, Overloaded, TooLarge, sentence

LONGEST_ADDRESS = 8 * 1024
MOST_QUESTIONS = 500
MOST_HEADERS = 100
MOST_HEADER_BYTES = 32 * 1024
LONGEST_KEPT = 1024
"""A header of a refused request that is longer is not read even for the answer's language."""
LARGEST_ID = 2**31 - 1
NO_ID = 0

Refuse = Callable[[Request, Exception], Awaitable[Response]]


class AddressTooLong(TooLarge):
    """The path, or what is asked behind it, is longer than any address of ours."""

    code = "address_too_long"
    default = sentence("This address is too long.")


class HeadersTooLarge(TooLarge):
    """The request's headers are too many, or too long together."""

    code = "headers_too_large"
    default = sentence("The browser sent too much with its request. Deleting this site's cookies may help.")


class Bounds:
    """Refuse a request by its head, in the face that it asks for, before any of it is parsed."""

    def __init__(self, app: ASGIApp, refuse: Refuse) -> None:
        self.app = app
        self.refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = refusal(scope) if scope["type"] == "http" else None
        if error is None:
            await self.app(scope, receive, send)
            return
        response = await self.refuse(Request(_shortened(scope)), error)
        await response(scope, receive, send)


class IdConvertor(IntegerConvertor):
    """A number in a path. One that no id can be is NO_ID, which nothing has: Python reads no 5,000 digits."""

    def convert(self, value: str) -> int:
        return an_id(value)


def an_id(text: str) -> int:
    """The number that `text` is in decimal, NO_ID when it can't be an id."""
    digits = text.lstrip("0")
    readable = digits.isascii() and digits.isdigit() and len(digits) <= len(str(LARGEST_ID))
    return number if readable and (number := int(digits)) <= LARGEST_ID else NO_ID


def refusal(scope: Scope) -> HelpdeskError | None:
    """What is wrong with the head of a request, or with the moment it comes at (`helpdesk/connections.py`); None when
    it can be worked on."""
    if scope["state"].get("overloaded"):
        return Overloaded()
    headers, query = scope["headers"], scope["query_string"]
    if len(headers) > MOST_HEADERS or sum(len(name) + len(value) for name, value in headers) > MOST_HEADER_BYTES:
        return HeadersTooLarge()
    if len(scope["path"]) + len(query) > LONGEST_ADDRESS or query.count(b"&") >= MOST_QUESTIONS:
        return AddressTooLong()
    return None if query.isascii() else Malformed(detail="a query is not percent-encoded")


def _shortened(scope: Scope) -> Scope:
    """As much of a refused request as its answer asks for: the face, the language, the theme."""
    headers = [(name, value) for name, value in scope["headers"][:MOST_HEADERS] if len(value) <= LONGEST_KEPT]
    return {**scope, "headers": headers, "path": scope["path"][:LONGEST_KEPT], "query_string": b""}
