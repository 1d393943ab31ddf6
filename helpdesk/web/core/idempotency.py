"""Idempotency keys: a write that comes twice is done once, and the second gets the first answer (contract §2)."""

import asyncio
import json
import logging
from functools import wraps
from hashlib import sha256
from itertools import islice
from secrets import token_hex
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import HelpdeskError, KeyReused, NotSignedIn, OutcomeUnknown, StoreUnavailable, Unavailable
from helpdesk.store import idempotency
from helpdesk.web.core import after_write, errors, request_data, session
from helpdesk.web.core.faces import face_of
from helpdesk.web.core.guards import Handler
from helpdesk.web.core.services import services

log = logging.getLogger(__name__)

NOT_KEPT = {"content-length"}
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 15.0
MOST_UNSETTLED = 1_000
SETTLED_AT_ONCE = 10


class Outcome(NamedTuple):
    """The result of a claim: an answer to keep, or None for a key that is free again."""

    claim: str
    answer: idempotency.Answer | None


Unsettled = dict[idempotency.Key, Outcome]
"""Outcomes that the store did not take, held by the process and written before its next claim."""


def idempotent(handler: Handler) -> Handler:
    """Answer a known idempotency key from the store. Only successes are kept, so a refused write can be retried."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        key = await _key(request)
        if key is None:
            return await handler(request)
        digest, first = await _digest(request), None
        while first is None:
            unsettled, claim = services(request).unsettled.get(key), token_hex(8)
            known = (unsettled and unsettled.answer) or await _claim(request, key, digest, claim)
            if known:
                first = await _again(request, key, digest, known)
            else:
                first = await _first(request, key, digest, claim, handler)
        return first

    return guarded


async def _claim(request: Request, key: idempotency.Key, digest: str, claim: str) -> idempotency.Answer | None:
    """None when the key is ours now, else what is known of its first use.

    Raises Unavailable in words that leave open what became of an earlier use.
    """
    for earlier, outcome in list(islice(services(request).unsettled.items(), SETTLED_AT_ONCE)):
        if not await _settle(request, earlier, outcome):
            break
    now, database = services(request).clock(), services(request).database
    try:
        return await database.run(lambda db: idempotency.claim(db, key, digest, now, claim), writes=True)
    except OutcomeUnknown as error:  # perhaps it is claimed; nothing was done with it
        _hold(request, key, Outcome(claim, None))
        raise Unavailable(StoreUnavailable.default, detail=error.detail) from error
    except StoreUnavailable as error:
        raise Unavailable(StoreUnavailable.default, detail=error.detail) from error


async def _first(request: Request, key: idempotency.Key, digest: str, claim: str, handler: Handler) -> Response:
    """Do the work and keep its answer. The key is free again only when surely nothing was written."""
    try:
        response = await handler(request)
    except Exception as error:
        if not after_write.is_saved(request):
            is_sure = isinstance(error, HelpdeskError) and not isinstance(error, OutcomeUnknown)
            unknown = None if is_sure else idempotency.Answer(digest, idempotency.UNKNOWN, [], "")
            await _settle(request, key, Outcome(claim, unknown))
            raise
        response = await errors.unexpected(request, error)
    await _settle(request, key, Outcome(claim, _kept(request, digest, response)))
    return response


def _kept(request: Request, digest: str, response: Response) -> idempotency.Answer | None:
    """The answer as it is kept; None for one that refuses, for what was refused may be tried again."""
    if response.status_code >= 400 or after_write.is_refused(request):
        return None
    headers = [(name, value) for name, value in response.headers.items() if name not in NOT_KEPT]
    return idempotency.Answer(digest, response.status_code, headers, bytes(response.body).decode())


async def _settle(request: Request, key: idempotency.Key, outcome: Outcome) -> bool:
    """Write down what became of a key, and tell whether the store answers.

    The work is done, so a failure is logged and never hides how it went.
    """
    unsettled = services(request).unsettled
    try:
        await services(request).database.run(lambda db: idempotency.settle(db, key, *outcome), writes=True)
    except Exception as error:
        log.warning("a response is kept in memory for now", extra={"path": request.url.path}, exc_info=True)
        _hold(request, key, outcome)
        return not isinstance(error, Unavailable)
    if unsettled.get(key) == outcome:
        del unsettled[key]
    return True


def _hold(request: Request, key: idempotency.Key, outcome: Outcome) -> None:
    """Keep an outcome behind those that wait already."""
    unsettled = services(request).unsettled
    unsettled.pop(key, None)
    unsettled[key] = outcome
    while len(unsettled) > MOST_UNSETTLED:
        del unsettled[next(iter(unsettled))]


async def _again(request: Request, key: idempotency.Key, digest: str, first: idempotency.Answer) -> Response | None:
    """The first answer, waited for while it is being made; None when the first was refused and the key is free. Raises
    OutcomeUnknown when it never comes."""
    found: idempotency.Answer | None = first
    for _ in range(int(PATIENCE_SECONDS / POLL_SECONDS)):
        if found is None:
            return None
        if found.body_hash != digest:
            raise KeyReused
        if found.status == idempotency.UNKNOWN:
            raise OutcomeUnknown
        if found.status:
            response = Response(found.body, found.status)
            for name, value in found.headers:
                response.headers.append(name, value)
            return response
        await asyncio.sleep(POLL_SECONDS)
        try:
            found = await services(request).database.run(lambda db: idempotency.read(db, key))
        except StoreUnavailable:
            log.info("a first response is awaited while the store is down", extra={"path": request.url.path})
    raise OutcomeUnknown


async def _key(request: Request) -> idempotency.Key | None:
    sent = request.headers.get("idempotency-key") or (await request_data.read(request)).text("idempotency_key")
    sent = request_data.clean("idempotency_key", sent, 80).strip()
    signed_in = await session.current(request)
    if signed_in is None:
        raise NotSignedIn
    route = f"{request.method} {request.url.path}"[:120]
    return idempotency.Key(signed_in.person.id, route, sent) if sent else None


async def _digest(request: Request) -> str:
    """A hash of what was sent, by value, of files by name and size, and of the face that is to answer: no other can
    show the first answer."""
    values, files, _ = await request_data.read(request)
    sent = [(file.filename, file.size) for file in files]
    face = face_of(request).value
    return sha256(json.dumps([face, values, sent] if sent else [face, values], sort_keys=True).encode()).hexdigest()
