"""Idempotency keys: a write that is sent twice is done once, and the second gets the first answer (contract §2)."""

import asyncio
import hmac
import json
import logging
from functools import wraps
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

NOT_STORED = {"content-length"}
NOT_HASHED = {"another"}  # a button that chooses the next page, not what is written: either sends the form again
POLL_SECONDS = 0.05
PATIENCE_SECONDS = 15.0
MOST_UNSETTLED = 1_000
SETTLED_AT_ONCE = 10


class Outcome(NamedTuple):
    """The result of a claim: an answer to store, or None for a key that is free again."""

    claim: str
    answer: idempotency.Answer | None


Unsettled = dict[idempotency.Key, Outcome]
"""Outcomes that the store did not take, kept in memory and written before the process's next claim."""


def idempotent(handler: Handler) -> Handler:
    """Answer a known idempotency key from the store. Only successes are stored, so a refused write can be retried."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        key = await _key(request)
        if key is None:
            return await handler(request)
        digest, first = await _digest(request), None
        while first is None:
            unsettled, claim = services(request).unsettled.get(key), token_hex(8)
            earlier = (unsettled and unsettled.answer) or await _claim(request, key, digest, claim)
            if earlier:
                first = await _first_answer(request, key, digest, earlier)
            else:
                first = await _first(request, key, digest, claim, handler)
        return first

    return guarded


async def _claim(request: Request, key: idempotency.Key, digest: str, claim: str) -> idempotency.Answer | None:
    """Claim the key, or return the answer of its first use.

    Raises Unavailable with a sentence that does not say whether an earlier use was saved.
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
    """Do the work and store its answer. The key is free again only when surely nothing was written."""
    try:
        response = await handler(request)
    except Exception as error:
        if not after_write.is_saved(request):
            is_sure = isinstance(error, HelpdeskError) and not isinstance(error, OutcomeUnknown)
            unknown = None if is_sure else idempotency.Answer(digest, idempotency.UNKNOWN, [], "")
            await _settle(request, key, Outcome(claim, unknown))
            raise
        response = await errors.unexpected(request, error)
    await _settle(request, key, Outcome(claim, _stored(request, digest, response)))
    return response


def _stored(request: Request, digest: str, response: Response) -> idempotency.Answer | None:
    """Return the answer as it is stored; None for a refusal, since a refused write may be tried again."""
    if response.status_code >= 400 or after_write.is_refused(request):
        return None
    headers = [(name, value) for name, value in response.headers.items() if name not in NOT_STORED]
    return idempotency.Answer(digest, response.status_code, headers, bytes(response.body).decode())


async def _settle(request: Request, key: idempotency.Key, outcome: Outcome) -> bool:
    """Store the outcome of a key, and tell whether the store answers.

    The work is done, so a failure is logged and never hides the outcome.
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
    """Keep an outcome in memory, behind those that wait already."""
    unsettled = services(request).unsettled
    unsettled.pop(key, None)
    unsettled[key] = outcome
    while len(unsettled) > MOST_UNSETTLED:
        del unsettled[next(iter(unsettled))]


async def _first_answer(
    request: Request, key: idempotency.Key, digest: str, earlier: idempotency.Answer
) -> Response | None:
    """Wait for the first answer while it is being made; None when it was a refusal and the key is free.

    Raises KeyReused, and OutcomeUnknown when there is no answer in time.
    """
    answer: idempotency.Answer | None = earlier
    for _ in range(int(PATIENCE_SECONDS / POLL_SECONDS)):
        if answer is None:
            return None
        if answer.body_hash != digest:
            raise KeyReused
        if answer.status == idempotency.UNKNOWN:
            raise OutcomeUnknown
        if answer.status:
            response = Response(answer.body, answer.status)
            for name, value in answer.headers:
                response.headers.append(name, value)
            return response
        await asyncio.sleep(POLL_SECONDS)
        try:
            answer = await services(request).database.run(lambda db: idempotency.read(db, key))
        except StoreUnavailable:
            log.info("a first response is awaited while the store is down", extra={"path": request.url.path})
    raise OutcomeUnknown


async def sent_key(request: Request) -> str:
    """Return the idempotency key of a request, from its header or its body; empty without one."""
    sent = request.headers.get("idempotency-key") or (await request_data.read(request)).text("idempotency_key")
    return request_data.clean("idempotency_key", sent, 80).strip()


async def _key(request: Request) -> idempotency.Key | None:
    sent = await sent_key(request)
    signed_in = await session.current(request)
    if signed_in is None:
        raise NotSignedIn
    route = f"{request.method} {request.url.path}"[:120]
    return idempotency.Key(signed_in.person.id, route, sent) if sent else None


async def _digest(request: Request) -> str:
    """Return a keyed hash of the values but NOT_HASHED, of the files' names and sizes, and of the face.

    No other face can show the answer.
    """
    sent_values, files, *_ = await request_data.read(request)
    values = {name: value for name, value in sent_values.items() if name not in NOT_HASHED}
    sent = [(file.filename, file.size) for file in files]
    face = face_of(request).value
    text = json.dumps([face, values, sent] if sent else [face, values], sort_keys=True)
    # With a key, since a few digits could be found by trying all.
    return hmac.digest(services(request).settings.secret_keys[0].encode(), text.encode(), "sha256").hex()
