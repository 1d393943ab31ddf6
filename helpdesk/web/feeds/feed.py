"""The Atom feed of announcements: for feed readers, which sign in by a secret token in its address.

A token is shown once, in the answer to the request that makes it. It opens the feed alone, and exactly what its person
may read at that moment.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import NamedTuple

from sqlmodel import Session, col
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.errors import NotFound, OutcomeUnknown, StoreUnavailable, sentence
from helpdesk.languages import say
from helpdesk.people.model import Person, load_people
from helpdesk.posts.excerpts import beginning
from helpdesk.store import post_feeds, posts
from helpdesk.store.models import tables
from helpdesk.store.models.posts import PostFeed
from helpdesk.store.post_readers import reader_of
from helpdesk.store.posts import PostRow
from helpdesk.tasks.markup.render import render
from helpdesk.threads import Threads
from helpdesk.web.core import flash
from helpdesk.web.core.after_write import stored
from helpdesk.web.core.faces import Json, answer, html, json_response, moment
from helpdesk.web.core.services import own_address, path_to, services
from helpdesk.web.core.session import current_user
from helpdesk.web.core.templating import translate
from helpdesk.web.feeds import atom
from helpdesk.web.files.downloads import is_known_tag

THREADS = Threads(2)
MOST_ENTRIES = 50
MOST_RENDERED = 100_000
"""The characters of Markdown that one feed turns into HTML; older announcements have their summary alone."""
PATHS = re.compile(r'(<[a-z][a-z0-9]*\b[^<>]*?\s(?:href|src)=")/(?![/\\])')
TITLE = sentence("Announcements")
REVOKED = sentence("The address of your feed was revoked.")
HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Subscription(NamedTuple):
    """The person of a feed, the last recorded use of it, and the announcements that they may read now."""

    person: Person
    used_at: datetime | None
    rows: Sequence[PostRow]


async def index(request: Request) -> Response:
    """Tell whether the person has an address of the feed; a POST makes a new one, and ends the old one."""
    if request.method == "POST":
        return await _make(request)
    return await _answer(request, await _own(request))


async def revoke(request: Request) -> Response:
    """End the address of the person's feed; that there is none is no error."""
    person = await current_user(request)
    await stored(request, lambda db: post_feeds.revoke(db, person.id))
    return await answer(
        request,
        json=lambda: json_response(request, {"message": translate(request, REVOKED)}),
        page=lambda: flash.redirect(request, path_to(request, "posts:feed"), REVOKED),
    )


async def read(request: Request) -> Response:
    """Send the feed of the token in the address. Raises NotFound for any other, also where the account is closed."""
    now, token = services(request).clock(), request.query_params.get("token", "")
    found = await services(request).database.run(lambda db: _subscription(request, db, token, now))
    if found.used_at is None or now - found.used_at >= post_feeds.RECORDED_EVERY:
        with suppress(StoreUnavailable, OutcomeUnknown):  # the feed is sent all the same
            await services(request).database.run(
                lambda db: post_feeds.record_use(db, found.person.id, now), writes=True
            )
    updated = max((it.updated_at for it in found.rows), default=None)
    headers = {**HEADERS, "ETag": _tag(request, found)}
    if updated:
        headers["Last-Modified"] = format_datetime(updated, usegmt=True)
    if is_known_tag(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    content = await THREADS.run(_written, found.rows, own_address(request), _title(request), updated or now)
    return Response(content, headers=headers, media_type=atom.MEDIA_TYPE)


async def _make(request: Request) -> Response:
    person, now = await current_user(request), services(request).clock()
    token = await stored(request, lambda db: post_feeds.make(db, person.id, now))
    address = f"{own_address(request)}{path_to(request, 'posts:atom')}?token={token}"
    response = await _answer(request, await _own(request), address)
    response.headers["Cache-Control"] = "no-store"
    return response


async def _own(request: Request) -> PostFeed | None:
    person = await current_user(request)
    return await services(request).database.run(lambda db: post_feeds.of_person(db, person.id))


async def _answer(request: Request, own: PostFeed | None, address: str = "") -> Response:
    shown: Json = {name: moment(getattr(own, name)) if own else None for name in ("made_at", "used_at")}
    status = 201 if address else 200
    return await answer(
        request,
        json=lambda: json_response(request, {**shown, **({"url": address} if address else {})}, status),
        page=lambda: html(request, "feeds/feed.html", status, own=own, address=address),
    )


def _subscription(request: Request, session: Session, token: str, now: datetime) -> Subscription:
    owner = post_feeds.owner(session, token)
    if owner is None:
        raise NotFound
    (person,) = load_people(
        session, services(request).settings.administrators, col(tables.Person.id) == owner.person_id
    )
    return Subscription(person, owner.used_at, posts.published(session, reader_of(person), now, MOST_ENTRIES))


def _tag(request: Request, found: Subscription) -> str:
    """Return the ETag of a feed by its contents, before anything is rendered."""
    versions = [(it.id, it.version, it.published_from) for it in found.rows]
    content = repr((found.person.id, own_address(request), _title(request), versions))
    return f'"{sha256(content.encode()).hexdigest()[:20]}"'


def _title(request: Request) -> str:
    settings = services(request).settings
    return f"{settings.brand_name} · {say(settings.default_locale, TITLE)}"


def _written(rows: Sequence[PostRow], base: str, title: str, updated: datetime) -> bytes:
    entries, left = list[atom.Entry](), MOST_RENDERED
    for row in rows:
        is_whole = len(row.content) == row.length
        left -= len(row.content) if is_whole else 0
        text = _absolute(row.content, base) if is_whole and left >= 0 else ""
        address, begun = f"{base}/posts/{row.id}", row.published_from or row.created_at
        entries.append(
            atom.Entry(address, row.title, row.author.full_name, begun, row.updated_at, beginning(row.content), text)
        )
    return atom.write(atom.Feed(title, f"{base}/posts/feed.atom", f"{base}/posts", updated, entries))


def _absolute(content: str, base: str) -> str:
    """Return a text as safe HTML whose links work in another program."""
    shown = str(render(content, "markdown", lambda number: f"/tasks/{number}"))
    return PATHS.sub(lambda found: f"{found[1]}{base}/", shown)
