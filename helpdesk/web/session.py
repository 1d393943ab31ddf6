"""The session: a signed cookie holding a random id, and the row it names."""

from datetime import timedelta

from itsdangerous import BadSignature, Signer
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.people.accounts import person_of
from helpdesk.people.model import Person, SignedIn
from helpdesk.store import notifications, sessions
from helpdesk.web.rendering import services

COOKIE = "session"


async def current(request: Request) -> SignedIn | None:
    """Who is signed in, asked of the store once a request, with how many notifications are unread."""
    if not hasattr(request.state, "signed_in"):
        request.state.signed_in = await _find(request)
        if request.state.signed_in:
            request.state.person = request.state.signed_in.person
            request.state.person_id = request.state.person.id
    signed_in: SignedIn | None = request.state.signed_in
    return signed_in


async def begin(request: Request, response: Response, person: Person, remember: bool) -> None:
    """Sign in on this device under a new id; a session that was there before ends."""
    old, now = _session_id(request), services(request).clock()
    address, agent = address_of(request), request.headers.get("user-agent", "")

    def work(session: Session) -> tuple[str, timedelta]:
        if old:
            sessions.end(session, old)
        return sessions.begin(session, person.id, now, remember, address, agent)

    session_id, lasts = await services(request).database.run(work, writes=True)
    response.set_cookie(
        COOKIE,
        _signer(request).sign(session_id).decode(),
        max_age=int(lasts.total_seconds()) if remember else None,
        httponly=True,
        samesite="lax",
        secure=services(request).settings.session_cookie_secure,
    )


async def end(request: Request, response: Response, everywhere: bool = False) -> None:
    """Sign out here, or on every device of this person."""
    session_id, signed_in = _session_id(request), await current(request)

    def work(session: Session) -> None:
        if everywhere and signed_in:
            sessions.end_all(session, signed_in.person.id)
        elif session_id:
            sessions.end(session, session_id)

    await services(request).database.run(work, writes=True)
    await request.app.state.live.end_finished()
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


async def _find(request: Request) -> SignedIn | None:
    session_id, now = _session_id(request), services(request).clock()
    if session_id is None:
        return None

    def work(db: Session) -> tuple[sessions.Found | None, int]:
        found = sessions.find(db, session_id, now)
        number = found.person.id if found else None
        return found, notifications.unread(db, [number])[number] if number else 0

    found, request.state.unread = await services(request).database.run(work)
    return SignedIn(person_of(found.person), found.mark, found.expires_at) if found else None


def _session_id(request: Request) -> str | None:
    try:
        return _signer(request).unsign(request.cookies.get(COOKIE, "")).decode()
    except (BadSignature, UnicodeError):
        return None


def _signer(request: Request) -> Signer:
    return Signer(services(request).settings.secret_key or "", salt="session")
