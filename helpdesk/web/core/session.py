"""The session: a signed cookie holding a random id, and the row it names; and all else that our key signs.

A program may send a token in its place. Then the cookie is not looked at.

It ends after SESSION_IDLE without use. Opening a page and sending something is use. Requests that an open page makes by
itself are not: a browser left alone must be signed out.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from itsdangerous import BadData, BadSignature, Signer, URLSafeTimedSerializer
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotAllowed, NotSignedIn, OutcomeUnknown, StoreUnavailable, sentence
from helpdesk.people.model import Person, SignedIn, entitled, person_of
from helpdesk.people.rights import AGENT
from helpdesk.store import acting, api_tokens, audit, notifications, people, saved_views, sessions
from helpdesk.store.api_tokens import StoredToken
from helpdesk.store.saved_views import View
from helpdesk.store.sessions import StoredSession
from helpdesk.telephony.bar import Bar
from helpdesk.web.core.faces import SAFE, Face, face_of, has_token, is_htmx, token_of
from helpdesk.web.core.services import path_to, services

COOKIE = "session"
LONGEST_COOKIE = 4096
A_YEAR = 365 * 24 * 3600
MOST_VIEWS = 7  # in the navigation
WATCH = "calls:watch"
"""A page of an agent writes by itself that it is on a screen."""
STREAMS = ("notifications:stream", "api:stream")
BAD_TOKEN = sentence("This token is not valid: it is unknown, has expired or was revoked.")
READS_ONLY = sentence("This token may only read.")

Found = TypeVar("Found", StoredSession, StoredToken)


async def current(request: Request) -> SignedIn | None:
    """Return the session, read from the store once a request together with what the frame of a page shows: the count of
    unread notifications, the first saved views, and the phone of an agent. Raises NotSignedIn and NotAllowed, both for
    tokens alone."""
    if not hasattr(request.state, "signed_in"):
        request.state.signed_in = None  # also for the answer to a token that is refused
        request.state.signed_in = await (_find_token(request) if has_token(request) else _find_session(request))
        if request.state.signed_in:
            _note(request, request.state.signed_in.person)
    signed_in: SignedIn | None = request.state.signed_in
    return signed_in


async def again(request: Request) -> SignedIn | None:
    """Read the session once more, after a write that may have ended it or changed the person's rights."""
    del request.state.signed_in
    return await current(request)


async def required(request: Request) -> SignedIn:
    """Return the session. Raises NotSignedIn without one."""
    signed_in = await current(request)
    if signed_in is None:
        raise NotSignedIn
    return signed_in


async def current_user(request: Request) -> Person:
    """Return the person who is signed in. Raises NotSignedIn."""
    return (await required(request)).person


async def begin(
    request: Request, response: Response, person: Person, remember: bool, language: str, *, earlier: str = ""
) -> str:
    """Sign in on this device under a new id, and return the mark of the session. Mails will be in this language.

    A session that was there before ends. `earlier` is the mark of the last one in this browser, whose cookie may be
    gone: other people's devices of it are forgotten, too.
    """
    old, now, idle = _session_id(request), services(request).clock(), services(request).settings.session_idle
    address, agent = address_of(request), request.headers.get("user-agent", "")

    def work(session: Session) -> tuple[str, timedelta]:
        people.choose_language(session, person.id, language)
        audit.note(session, person.id, "sign_in", person.id, {"directory": person.source})
        begun = sessions.begin(session, person.id, now, remember, address, agent, idle)
        if earlier:
            sessions.follow(session, earlier, begun[0], person.id)
        if old:
            sessions.replace(session, old, begun[0], person.id)
        return begun

    session_id, lasts = await services(request).database.run(work, writes=True)
    _note(request, person)
    response.set_cookie(
        COOKIE,
        sign(request, COOKIE, session_id),
        max_age=int(lasts.total_seconds()) if remember else None,
        httponly=True,
        samesite="lax",
    )
    return sessions.mark_of(session_id)


async def end(request: Request, everywhere: bool = False) -> None:
    """End the session, or all of this person. The browser has the cookie until `delete_cookie`."""
    session_id, signed_in = _session_id(request), await current(request)

    def work(session: Session) -> None:
        if signed_in:
            audit.note(session, signed_in.person.id, "sign_out", signed_in.person.id, {"everywhere": everywhere})
        if everywhere and signed_in:
            sessions.end_all(session, signed_in.person.id)
        elif session_id:
            sessions.end(session, session_id)

    await services(request).database.run(work, writes=True)
    await services(request).live.end_finished()


def delete_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")


def cookie(request: Request, name: str) -> str:
    """Return the first cookie of that name; empty for none, and for one that can't be ours.

    Cookies of others are not parsed: the standard library takes minutes to unquote 200 KB of escaped quotes. No value
    of ours needs quotes, so nothing is unquoted at all.
    """
    start = f"{name}="
    pairs = (pair.strip() for header in request.headers.getlist("cookie") for pair in header.split(";"))
    value = next((pair.removeprefix(start) for pair in pairs if pair.startswith(start)), "")
    return value if len(value) <= LONGEST_COOKIE and value.isascii() and value.isprintable() else ""


def keep_choice(response: Response, name: str, value: str) -> None:
    """Keep a choice of this browser in a cookie for a year; an empty one deletes it."""
    response.set_cookie(name, value, A_YEAR if value else 0, samesite="lax", httponly=True)


def sign(request: Request, purpose: str, text: str) -> str:
    """Return a text with our signature, which is valid for one purpose alone."""
    return Signer(_keys(request), salt=purpose).sign(text).decode()


def unsign(request: Request, purpose: str, signed: object) -> str | None:
    """Return the text of `sign`; None without a signature of ours."""
    try:
        return Signer(_keys(request), salt=purpose).unsign(str(signed)).decode()
    except (BadSignature, UnicodeError):
        return None


def seal(request: Request, purpose: str, values: list[Any]) -> str:
    """Return values as a text with our signature and its time."""
    return str(URLSafeTimedSerializer(_keys(request), salt=purpose).dumps(values))


def unseal(request: Request, purpose: str, sealed: object, seconds: int) -> list[Any] | None:
    """Return the values of `seal`; None unless the seal is ours and not older than `seconds`."""
    try:
        values: list[Any] = URLSafeTimedSerializer(_keys(request), salt=purpose).loads(str(sealed), seconds)
    except (BadData, UnicodeError):  # half a character can't be signed
        return None
    return values


def secret_key(request: Request) -> str:
    """Return our newest key. Raises RuntimeError without one: anybody could make a signature by an empty key."""
    return _keys(request)[-1]


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def _keys(request: Request) -> list[str]:
    """Return our keys, the newest last: it signs, and all are accepted. Raises RuntimeError without one."""
    keys = services(request).settings.secret_keys
    if not all(keys):
        raise RuntimeError("SECRET_KEY is missing")
    return [*reversed(keys)]


def _note(request: Request, person: Person) -> None:
    """Note the person on the request, for the log, the record of acts and the answer."""
    request.state.person, request.state.person_id = person, person.id
    acting.known(person.id)


async def _find_session(request: Request) -> SignedIn | None:
    session_id, now = _session_id(request), services(request).clock()
    if session_id is None:
        return None
    row = await _load(request, lambda db: sessions.find(db, session_id, now))
    if row is None:
        return None
    idle = services(request).settings.session_idle
    if is_use(request):
        services(request).presence.note(row.person.id)
        if sessions.is_due(row, now, idle):
            await _note_use(request, lambda db: sessions.use(db, row.mark, now, idle))
    return SignedIn(_person(request, row), row.mark, row.expires_at)


async def _find_token(request: Request) -> SignedIn:
    """Return the person of the token that was sent. Raises NotSignedIn, and NotAllowed for a write by a reading one."""
    token, now = token_of(request), services(request).clock()
    row = await _load(request, lambda db: api_tokens.find(db, token, now)) if token else None
    if row is None:
        raise NotSignedIn(BAD_TOKEN)
    request.state.token_id = row.id
    if api_tokens.is_due(row, now):
        await _note_use(request, lambda db: api_tokens.record_use(db, row.id, now))
    person = _person(request, row)
    if row.scope != api_tokens.WRITE and request.method not in SAFE:
        _note(request, person)
        raise NotAllowed(READS_ONLY)
    return SignedIn(person, row.mark, scope=row.scope)


async def _load(request: Request, find: Callable[[Session], Found | None]) -> Found | None:
    """Find a session or a token; read what the frame of a page shows in the same transaction."""

    is_page, desk = face_of(request) is Face.PAGE, services(request).desk

    def work(db: Session) -> tuple[Found | None, int, list[View], Bar | None]:
        row = find(db)
        if row is None or row.person.id is None:
            return row, 0, [], None
        views = saved_views.of_person(db, row.person.id)[:MOST_VIEWS] if is_page else []
        phone = desk.bar(db, row.mark, row.person.id) if is_page and desk and AGENT in row.rights else None
        return row, notifications.unread(db, [row.person.id])[row.person.id], views, phone

    state = request.state
    row, state.unread, state.saved_views, state.phone = await services(request).database.run(work)
    return row


def _person(request: Request, row: StoredSession | StoredToken) -> Person:
    return entitled(person_of(row.person, row.rights), services(request).settings.administrators)


async def _note_use(request: Request, record: Callable[[Session], None]) -> None:
    """Record a use, which prolongs a session. When the store is down, the next page does it."""
    with suppress(StoreUnavailable, OutcomeUnknown):
        await services(request).database.run(record, writes=True)


def is_use(request: Request) -> bool:
    """Tell whether a person made the request, by opening a page or sending something, or an open page by itself."""
    if request.method not in SAFE:
        return request.url.path != path_to(request, WATCH)
    if request.url.path in {path_to(request, name) for name in STREAMS}:
        return False
    return _is_program(request) or _opens_page(request)


def _opens_page(request: Request) -> bool:
    """Tell whether a browser opens a page. At a plain http address it does not send its destination."""
    destination = request.headers.get("sec-fetch-dest")
    opens = destination == "document" if destination else "upgrade-insecure-requests" in request.headers
    return opens and not is_htmx(request)


def _is_program(request: Request) -> bool:
    """Tell whether neither a browser that runs scripts nor one of its scripts made the request."""
    headers = request.headers
    by_script = "sec-fetch-dest" in headers or is_htmx(request)
    return not by_script and "mozilla/" not in headers.get("user-agent", "").lower()


def _session_id(request: Request) -> str | None:
    return unsign(request, COOKIE, cookie(request, COOKIE))
