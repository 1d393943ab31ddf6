"""Guards of routes, by which a person must be signed in or hold a right of `people/rights.py`.

The application does not start with a route that has no guard, so nothing is open by oversight.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotAllowed, NotFound, NotSignedIn, Sentence, Unavailable, sentence
from helpdesk.people.model import Person
from helpdesk.people.rights import RIGHTS
from helpdesk.people.second_factor import is_required
from helpdesk.store import second_factors
from helpdesk.tasks.model import Actor
from helpdesk.web.core import request_body, session
from helpdesk.web.core.faces import SAFE, Face, face_of, has_token, is_document
from helpdesk.web.core.services import services

Handler = Callable[[Request], Awaitable[Response]]
READ_SECONDS = 9.5
IN_PERSON = sentence("This needs you to sign in: a token is not enough.")
ADMINISTRATORS_ONLY = sentence("Only administrators change what everybody uses.")


class SecondFactorMissing(NotAllowed):
    """A session may do nothing before its person has set up a second factor."""

    code = "second_factor_required"
    default = sentence("Please set up a second factor for your account first, at /users/second-factor.")


def holds(person: Person, right: str | None) -> bool:
    """Tell whether the person holds the right; everybody holds None."""
    return right is None or right in person.rights


def public(handler: Handler) -> Handler:
    """Let anybody in. Like `signed_in`, it refuses a write that another site's page sends."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        require_same_origin(request)
        await session.current(request)
        return await handler(request)

    return _marked(guarded, "public")


def signed_in(handler: Handler) -> Handler:
    """Let anybody in who has a session. Raises NotSignedIn, and SecondFactorMissing."""
    return _marked(_with_session(handler, needs_factor=True), "signed_in")


def setting_up(handler: Handler) -> Handler:
    """Let anybody in who has a session, also while the second factor that they need is missing. Raises NotSignedIn."""
    return _marked(_with_session(handler, needs_factor=False), "setting_up")


def _with_session(handler: Handler, needs_factor: bool) -> Handler:
    @wraps(handler)
    async def guarded(request: Request) -> Response:
        require_same_origin(request)
        limit = services(request).settings.max_content_length
        is_signed_in = await session.current(request) is not None
        request_body.allow(request, limit, files=is_signed_in)
        if not is_signed_in:
            raise NotSignedIn
        if needs_factor and await lacks_second_factor(request):
            raise SecondFactorMissing
        async with _in_time(request):
            if face_of(request) is not Face.JSON:
                await services(request).avatar_cache.refresh()
            if request.method in SAFE and face_of(request) is Face.PAGE and is_document(request):
                request.state.counts = await services(request).counts.of(request)
            return await handler(request)

    return guarded


def needs(right: str, message: Sentence | None = None) -> Callable[[Handler], Handler]:
    """Let those in who hold the right. Raises NotSignedIn, and NotAllowed with the sentence `message`."""
    name = RIGHTS[right].name

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def entitled(request: Request) -> Response:
            if not holds(await session.current_user(request), name):
                raise NotAllowed(message)
            return await handler(request)

        return _marked(signed_in(entitled), name)

    return guard


def needs_one_of(*rights: str) -> Callable[[Handler], Handler]:
    """Let those in who hold one of the rights. Raises NotSignedIn, NotAllowed."""
    names = [RIGHTS[right].name for right in rights]

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def entitled(request: Request) -> Response:
            person = await session.current_user(request)
            if not any(holds(person, name) for name in names):
                raise NotAllowed
            return await handler(request)

        return _marked(signed_in(entitled), " ".join(names))

    return guard


async def lacks_second_factor(request: Request) -> bool:
    """Tell whether the person must set up a second factor before anything else. Only those who must have one are
    looked up."""
    person, rule = await session.current_user(request), services(request).settings.second_factor
    if not is_required(person, rule):
        return False
    return not await services(request).database.run(lambda db: second_factors.exists(db, person.id))


def known_to(*rights: str, first: Callable[[Request], None] | None = None) -> Callable[[Handler], Handler]:
    """Let those in who hold one of the rights; for others there is nothing here. Raises NotSignedIn, NotFound.

    `first` may refuse everybody signed in before.
    """
    names = [RIGHTS[right].name for right in rights]

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def entitled(request: Request) -> Response:
            person = await session.current_user(request)
            if first:
                first(request)
            if not any(holds(person, name) for name in names):
                raise NotFound
            return await handler(request)

        return _marked(signed_in(entitled), " ".join(names))

    return guard


@asynccontextmanager
async def _in_time(request: Request) -> AsyncIterator[None]:
    """Answer a reading request in READ_SECONDS, however many calls it takes. Raises Unavailable.

    A write is not cut off here: its adapter knows the outcome when the answer is late.
    """
    limit = asyncio.timeout(READ_SECONDS if request.method in SAFE else None)
    try:
        async with limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise Unavailable(detail=f"the page was not made in {READ_SECONDS} s") from error


def unguarded(handler: Handler) -> Handler:
    """Let everything in, for static files and the health of the process, which need no session."""
    return _marked(handler, "unguarded")


async def actor(request: Request) -> Actor:
    """Return the identity of the signed-in person in the backend. Raises NotSignedIn, NotAllowed."""
    return services(request).identify(await session.required(request))


def in_person(handler: Handler) -> Handler:
    """Refuse tokens, where people decide how they get in. It goes inside another guard. Raises NotAllowed."""

    @wraps(handler)
    async def by_session(request: Request) -> Response:
        if has_token(request):
            raise NotAllowed(IN_PERSON)
        return await handler(request)

    by_session.takes_no_token = True  # type: ignore[attr-defined]  # read by edge/cors.py
    return by_session


def require_same_origin(request: Request) -> None:
    """Refuse a write that another site's page sends (contract §2). Programs, which send neither header, pass.

    So do those with a token: no page of another site can send one unless `edge/cors.py` lets it, and the cookie is not
    looked at then.
    """
    if request.method not in SAFE and not has_token(request):
        refuse_foreign(request)


def refuse_foreign(request: Request) -> None:
    """Raise NotAllowed for a request that another site's page makes."""
    origin = request.headers.get("origin")
    foreign = request.headers.get("sec-fetch-site") in ("cross-site", "same-site")
    if foreign or (origin is not None and not _ours(request, origin)):
        raise NotAllowed(sentence("This request came from another site and was refused."))


def _ours(request: Request, origin: str) -> bool:
    public_url = services(request).settings.public_url
    if public_url:
        return origin.lower() == public_url.lower()
    scheme, _, netloc = origin.lower().partition("://")
    return scheme in ("http", "https") and netloc == request.headers.get("host", "").lower()


def _marked(handler: Handler, guard: str) -> Handler:
    handler.guard = guard  # type: ignore[attr-defined]  # read by routes.py
    return handler
