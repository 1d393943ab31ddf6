"""A write that comes twice is done once: the second gets the first one's answer (contract §2)."""

import asyncio
import json
from functools import wraps
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, KeyReused, NotSignedIn, Unsure
from helpdesk.store import answers
from helpdesk.web import inputs, session
from helpdesk.web.guards import Handler
from helpdesk.web.rendering import HTMX_LEADS, is_htmx, services, wants_html

KEPT_HEADERS = {"location", HTMX_LEADS, "content-type", "cache-control", "vary"}
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 15.0


def once(handler: Handler) -> Handler:
    """Answer a known idempotency key from the store. Only successes are kept: a refusal may be tried again."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        key = await _key(request)
        if key is None:
            return await handler(request)
        digest = await _digest(request)
        now, database = services(request).clock(), services(request).database
        first = await database.run(lambda db: answers.claim(db, key, digest, now), writes=True)
        if first is not None:
            return await _again(request, key, digest, first)
        return await _first(request, key, handler)

    return guarded


async def _first(request: Request, key: answers.Key, handler: Handler) -> Response:
    """Do the work and keep its answer. The key is free again only when surely nothing was written."""
    database = services(request).database
    try:
        response = await handler(request)
    except Unsure:
        raise
    except HelpdeskError:
        await database.run(lambda db: answers.release(db, key), writes=True)
        raise
    if response.status_code >= 400:
        await database.run(lambda db: answers.release(db, key), writes=True)
        return response
    headers = [(name, value) for name, value in response.headers.items() if name in KEPT_HEADERS]
    text = bytes(response.body).decode()
    await database.run(lambda db: answers.keep(db, key, response.status_code, headers, text), writes=True)
    return response


async def _again(request: Request, key: answers.Key, digest: str, first: answers.Answer) -> Response:
    """The first answer, waited for while it is being made. Raises Unsure when it never comes."""
    found: answers.Answer | None = first
    for _ in range(int(PATIENCE_SECONDS / POLL_SECONDS)):
        if found is None:
            break
        if found.body_hash != digest:
            raise KeyReused
        if found.status:
            response = Response(found.body, found.status)
            response.headers.update(dict(found.headers))
            return response
        await asyncio.sleep(POLL_SECONDS)
        found = await services(request).database.run(lambda db: answers.read(db, key))
    raise Unsure


async def _key(request: Request) -> answers.Key | None:
    sent = request.headers.get("idempotency-key")
    if sent is None:
        sent = (await inputs.read(request)).text("idempotency_key")
    sent = inputs.clean("idempotency_key", sent, 80).strip()
    signed_in = await session.current(request)
    if signed_in is None:
        raise NotSignedIn
    route = f"{request.method} {request.url.path}"[:120]
    return answers.Key(signed_in.person.id, route, sent) if sent else None


async def _digest(request: Request) -> str:
    """A hash of what was sent, by value, of files by name and size, and of the face that is to answer: no other can
    show the first answer."""
    values, files, _ = await inputs.read(request)
    told = [(file.filename, file.size) for file in files]
    face = "fragment" if is_htmx(request) else "page" if wants_html(request) else "program"
    return sha256(json.dumps([face, values, told] if told else [face, values], sort_keys=True).encode()).hexdigest()
