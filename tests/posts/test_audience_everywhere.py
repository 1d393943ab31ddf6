"""Who is shown which announcement and which knowledge page, over every way there is, beside a rule in plain Python.

In each made-up company people have departments, vouched for or not, and rights; posts are drafts, published, to come or
over, and for everybody or some. Each way must show each person exactly what the rule allows.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from sqlmodel import Session

from helpdesk.notifications.channels.port import Item
from helpdesk.notifications.channels.sse.streams import Face
from helpdesk.notifications.delivery_checks import DeliveryChecks
from helpdesk.notifications.messages import of_no_task
from helpdesk.notifications.readers import readable_events
from helpdesk.people.rights import AGENT, WRITER
from helpdesk.services import Services
from helpdesk.store import notifications, page_words, rights
from helpdesk.store.blobs import Blobs
from helpdesk.store.casefold import fold
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.store.models.posts import PostFile
from helpdesk.store.models.tables import Person
from helpdesk.web.feeds import atom
from helpdesk.web.live import events
from helpdesk.web.live.events import Events
from helpdesk.web.people import views as people_views
from helpdesk.web.start import news
from tests.notifications.listed_feed import ListedFeed
from tests.posts.publishing import publish
from tests.web.conftest import HTML, HTMX, Client, Visit
from tests.world import PEOPLE_IDS

SEEDS = (1, 2, 3, 4)
POSTS = 16
WORDS_OF_ALL = "знк"
DAY = timedelta(days=1)
DEPARTMENTS = ("Склад", "Продажи", "склад ")
LOGINS = ("admin", "anna", "boris", "irina", "stranger")
PICTURE = b"RIFF\x00\x00\x00\x00WEBP"


@dataclass(frozen=True)
class Somebody:
    """A person as the rule knows them."""

    login: str
    department: str
    is_proven: bool
    rights: frozenset[str]

    @property
    def id(self) -> int:
        return PEOPLE_IDS[self.login]


@dataclass(frozen=True)
class Made:
    """A post as it was made up."""

    id: int
    title: str
    kind: str
    author_id: int
    audience: tuple[tuple[str, str], ...]
    is_draft: bool
    begins: datetime | None
    ends: datetime | None
    is_pinned: bool
    is_important: bool
    refers_to: int


@dataclass
class Company:
    """What was made up, and a client of each person."""

    services: Services
    now: datetime
    people: dict[str, Somebody]
    posts: list[Made]
    file_id: dict[int, int]
    clients: dict[str, Client] = field(default_factory=dict)


def is_published(post: Made, now: datetime) -> bool:
    return not post.is_draft and post.begins is not None and post.begins <= now and (not post.ends or post.ends > now)


def concerns(post: Made, who: Somebody) -> bool:
    """The rule of audiences."""
    own = who.department.strip().lower() if who.is_proven else None
    return not post.audience or any(
        value.strip().lower() == own if kind == "department" else value in who.rights for kind, value in post.audience
    )


def may_read(post: Made, who: Somebody, now: datetime) -> bool:
    """The rule of reading."""
    return bool(who.rights & {"is_admin", WRITER}) or (is_published(post, now) and concerns(post, who))


def asks_for_attention(post: Made, who: Somebody, now: datetime) -> bool:
    """The rule of the start page, for somebody who has read nothing."""
    is_news = post.is_important or post.is_pinned or (post.begins is not None and post.begins > now - 30 * DAY)
    others = post.author_id != who.id and post.kind == "post"
    return others and is_published(post, now) and concerns(post, who) and is_news


def of_kind(kind: str) -> Callable[[Made, Somebody, datetime], bool]:
    return lambda post, who, now: post.kind == kind and may_read(post, who, now)


def in_feed(post: Made, who: Somebody, now: datetime) -> bool:
    return post.kind == "post" and is_published(post, now) and may_read(post, who, now)


def as_suggestion(post: Made, who: Somebody, now: datetime) -> bool:
    return post.kind == "page" and is_published(post, now) and may_read(post, who, now)


def make_up(services: Services, seed: int) -> Company:
    dice, now = Random(seed), datetime.now(UTC)
    people = _people(dice)
    blob = asyncio.run(Blobs(services.settings.files_folder).save(_pieces()))

    def settle(db: Session) -> None:
        for who in people.values():
            row = db.get_one(Person, who.id)
            row.department, row.is_department_proven = who.department, who.is_proven
            for name in sorted(who.rights - {"is_admin"}):
                rights.grant(db, who.id, name)

    services.database.run_here(settle, writes=True)
    posts, files = list[Made](), dict[int, int]()
    for number in range(POSTS):
        post = _post(services, dice, number, [it.id for it in posts if it.kind == "page"], now, blob)
        posts.append(post)

        def attach(db: Session, post: Made = post) -> int:
            kept: dict[str, Any] = {
                "blob": blob.name,
                "filename": "план.txt",
                "size": blob.size,
                "content_type": "text/plain",
            }
            file = PostFile(post_id=post.id, added_by=post.author_id, added_at=now, **kept)
            db.add(file)
            db.flush()
            if post.kind == "page":
                page_words.index(db, post.id, post.title, "")
            return file.id or 0

        files[post.id] = services.database.run_here(attach, writes=True)
    return Company(services, now, people, posts, files)


async def _pieces() -> AsyncIterator[bytes]:
    yield PICTURE


def _people(dice: Random) -> dict[str, Somebody]:
    return {login: _somebody(dice, login) for login in LOGINS}


def _somebody(dice: Random, login: str) -> Somebody:
    if login == "admin":
        return Somebody(login, "", False, frozenset({"is_admin"}))
    held = frozenset(name for name, share in ((WRITER, 0.15), (AGENT, 0.4)) if dice.random() < share)
    return Somebody(login, dice.choice(("", *DEPARTMENTS)), dice.random() < 0.6, held)


def _post(services: Services, dice: Random, number: int, pages: Sequence[int], now: datetime, blob: Any) -> Made:
    parts = [("department", it) for it in DEPARTMENTS[:2]] + [("right", WRITER), ("right", AGENT)]
    audience = tuple(dice.sample(parts, dice.choice((0, 0, 1, 1, 2))))
    begins = now - DAY * dice.choice((1, 1, 1, 2, 40, -1)) if dice.random() < 0.9 else None
    values: dict[str, Any] = {
        "kind": dice.choice(("post", "post", "page")),
        "author_id": PEOPLE_IDS[dice.choice(LOGINS)],
        "is_draft": dice.random() < 0.15 or begins is None,
        "published_from": begins,
        "published_until": now + DAY * dice.choice((-1, 1)) / 2 if dice.random() < 0.3 else None,
        "is_pinned": dice.random() < 0.2,
        "is_important": dice.random() < 0.3,
        "parent_id": None,
    }
    if values["kind"] == "page" and pages and dice.random() < 0.5:
        values["parent_id"] = dice.choice(pages)
    refers_to, title = dice.randrange(POSTS), f"Знк{number:02d}"
    picture = {"picture": blob.name, "picture_size": blob.size, "picture_alt": "кот"}
    content = f"смотри [[Знк{refers_to:02d}|сюда]]"
    id = publish(services.database, *audience, title=title, content=content, words=fold(title), **values, **picture)
    return Made(
        id, title, values["kind"], values["author_id"], audience, values["is_draft"], begins,
        values["published_until"], values["is_pinned"], values["is_important"], refers_to,
    )  # fmt: skip


Shown = Callable[[Company, Somebody], set[int]]
Rule = Callable[[Made, Somebody, datetime], bool]


def text_of(company: Company, who: Somebody, address: str, **headers: str) -> str:
    answer = company.clients[who.login].get(address, headers=headers or HTML)
    assert answer.status_code == 200, f"{address} {answer.status_code}"
    return answer.text


def named_in(company: Company, text: str) -> set[int]:
    return {post.id for post in company.posts if post.title in text}


def on(address: str, **headers: str) -> Shown:
    """What a page names."""
    return lambda company, who: named_in(company, text_of(company, who, address, **headers))


def listed(address: str, name: str = "") -> Shown:
    """The posts to which a list leads; of a program the ids under a name. The words of texts may name others."""

    def shown(company: Company, who: Somebody) -> set[int]:
        if name:
            return {it["id"] for it in json.loads(text_of(company, who, address, Accept="application/json"))[name]}
        return set(map(int, re.findall(r'href="/posts/(\d+)"', text_of(company, who, address))))

    return shown


def opens(address: str, **headers: str) -> Shown:
    """The posts whose own address is opened."""

    def shown(company: Company, who: Somebody) -> set[int]:
        found = set[int]()
        for post in company.posts:
            path = address.format(id=post.id, file=company.file_id[post.id])
            answer = company.clients[who.login].get(path, headers=headers)
            assert answer.status_code in (200, 404), answer.status_code
            assert answer.status_code == 200 or post.title not in answer.text
            found |= {post.id} if answer.status_code == 200 else set()
        return found

    return shown


def searched(address: str, *, is_json: bool = False, **headers: str) -> Shown:
    """The posts that a search by their own title names."""

    def shown(company: Company, who: Somebody) -> set[int]:
        found = set[int]()
        for post in company.posts:
            text = text_of(company, who, address.format(title=post.title), **(headers or {"Accept": "text/html"}))
            hits = json.loads(text) if is_json else text
            is_named = f'"id": {post.id},' in json.dumps(hits) if is_json else f'href="/posts/{post.id}' in hits
            found |= {post.id} if is_named else set()
        return found

    return shown


def in_feeds(company: Company, who: Somebody) -> set[int]:
    made = company.clients[who.login].post("/posts/feed").json()["url"]
    at = urlsplit(made)
    root = ET.fromstring(company.clients[who.login].get(f"{at.path}?{at.query}").content)
    return named_in(company, " ".join(it.text or "" for it in root.findall("a:entry/a:title", {"a": atom.NAMESPACE})))


def on_profiles(company: Company, who: Somebody) -> set[int]:
    return {
        id
        for login in LOGINS
        for id in named_in(company, text_of(company, who, f"/users/profile/{login}"))
        if next(it for it in company.posts if it.id == id).author_id == PEOPLE_IDS[login]
    }


def suggested(company: Company, who: Somebody) -> set[int]:
    found = set[int]()
    for post in company.posts:
        client = company.clients[who.login]
        answer = client.get("/requests/new/similar", params={"subject": f"{post.title} сломался"})
        assert answer.status_code == 200
        found |= {post.id} & {it["id"] for it in answer.json()["pages"]}
    return found


def linked(company: Company, who: Somebody) -> set[int]:
    """The posts to which the texts of those that the person reads link."""
    found = set[int]()
    for post in company.posts:
        answer = company.clients[who.login].get(f"/posts/{post.id}", headers=HTML)
        target = company.posts[post.refers_to].id
        if answer.status_code == 200 and f'href="/posts/{target}">сюда' in answer.text:
            found.add(target)
    return found


def in_stream(company: Company, who: Somebody) -> set[int]:
    """What the open streams of pages and programs are given."""
    live: Any = company.clients[who.login].app
    services = live.app.state.services
    rows = company.clients[who.login].portal.call(services.live._read, {who.id: 0})  # type: ignore[union-attr]  # it has one
    writer = Events(services.renderer)
    shown = [
        named_in(company, writer.new_row(Face(kind, "en"), row, 1).decode())
        for kind in (events.PAGE, events.PROGRAM)
        for row in rows
    ]
    return set().union(*shown)


def in_replay(company: Company, who: Somebody) -> set[int]:
    """What a stream is given that was away for a while."""
    client = company.clients[who.login]

    async def first_piece() -> bytes:
        got, cookie = asyncio.get_running_loop().create_future(), f"session={client.cookies['session']}"
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": "/notifications/stream", "raw_path": b"/notifications/stream", "query_string": b"after=0",
            "root_path": "", "client": ("127.0.0.1", 1), "server": ("testserver", 80), "state": {},
            "headers": [(b"host", b"testserver"), (b"cookie", cookie.encode())],
        }  # fmt: skip

        async def receive() -> dict[str, str]:
            await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.body" and message.get("body") and not got.done():
                got.set_result(message["body"])

        app: Any = client.app
        stream = asyncio.create_task(app(scope, receive, send))
        body: bytes = await asyncio.wait_for(got, 20)
        stream.cancel()
        await asyncio.gather(stream, return_exceptions=True)
        return body

    return named_in(company, client.portal.call(first_piece).decode())  # type: ignore[union-attr]  # it has one


def sent(company: Company, who: Somebody) -> set[int]:
    """What is sent as mail and as a push."""
    items = [
        Item(SimpleNamespace(id=number, channel=channel, **_row_of(company, who, post)), _notification(who, post))  # type: ignore[arg-type]  # what is asked of a row
        for number, (post, channel) in enumerate(
            (post, channel) for post in company.posts for channel in ("email", "webpush", "fcm")
        )
    ]
    feed: Any = ListedFeed()
    checks = DeliveryChecks(feed, company.services.database, company.services.readers, None, lambda: company.now)
    outcomes = asyncio.run(checks.refused(items))
    hidden = {it.row.event for it in items if (found := outcomes.get(it.row.id)) and found.reason == "not_visible"}
    return {post.id for post in company.posts if f"post.{post.id}" not in hidden}


def _row_of(company: Company, who: Somebody, post: Made) -> dict[str, Any]:
    return {"person_id": who.id, "event": f"post.{post.id}", "notification_id": 0, "bundle": "", "task_id": 0}


def _notification(who: Somebody, post: Made) -> NotificationRow:
    return of_no_task(who.id, f"post.{post.id}", "post", datetime.now(UTC), post.title)


def in_own_file(company: Company, who: Somebody) -> set[int]:
    """What a person takes along of their notifications."""
    told = company.services.database.run_here(
        lambda db: readable_events(db, [who.id], who.id, company.services.readers, company.now)
    )
    return {post.id for post in company.posts if f"post.{post.id}" in told}


WAYS: dict[str, tuple[Shown, Rule]] = {
    "page": (opens("/posts/{id}", **HTML), may_read),
    "JSON": (opens("/posts/{id}", Accept="application/json"), may_read),
    "picture": (opens("/posts/{id}/image"), may_read),
    "file": (opens("/posts/{id}/files/{file}"), may_read),
    "list": (listed("/posts?limit=100"), of_kind("post")),
    "JSON list": (listed("/posts?limit=100", "posts"), of_kind("post")),
    "found in the list": (searched("/posts?q={title}"), of_kind("post")),
    "search": (searched("/search?q={title}"), may_read),
    "palette": (searched("/search?q={title}", is_json=False, **HTMX), may_read),
    "JSON search": (searched("/search?q={title}", is_json=True, Accept="application/json"), may_read),
    "feed": (in_feeds, in_feed),
    "start page": (on("/"), asks_for_attention),
    "profiles": (on_profiles, of_kind("post")),
    "knowledge": (on("/knowledge"), of_kind("page")),
    "JSON knowledge": (on("/knowledge", Accept="application/json"), of_kind("page")),
    "found knowledge": (searched("/knowledge?q={title}"), of_kind("page")),
    "titles": (searched("/knowledge/titles?q={title}", is_json=True, Accept="application/json"), of_kind("page")),
    "suggestions": (suggested, as_suggestion),
    "notifications": (on("/notifications?per_page=100"), may_read),
    "JSON notifications": (on("/tasks/api/notifications?limit=100", Accept="application/json"), may_read),
    "widget": (on("/notifications/widget", **HTMX), may_read),
    "stream": (in_stream, may_read),
    "stream that was away": (in_replay, may_read),
    "mails and pushes": (sent, may_read),
    "own file": (in_own_file, may_read),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_each_way_shows_each_person_exactly_what_is_for_them(
    visit: Visit, services: Services, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    for module, name in ((news, "SHOWN"), (people_views, "MOST_POSTS")):
        monkeypatch.setattr(module, name, 100)
    company = make_up(services, seed)
    rows = [_notification(who, post) for who in company.people.values() for post in company.posts]
    services.database.run_here(lambda db: notifications.add(db, rows, company.now), writes=True)
    # What leads to a page on which a notification would be marked as read comes after the rest.
    company.clients = {login: visit(login) for login in LOGINS}
    differences = []
    for way, (shown, rule) in sorted(WAYS.items(), key=lambda it: it[0] in ("page", "JSON")):
        for who in company.people.values():
            expected = {it.id for it in company.posts if rule(it, who, company.now)}
            found = shown(company, who)
            if found != expected:
                differences.append((way, who, sorted(found - expected), sorted(expected - found)))
    assert differences == []
    for who in company.people.values():
        readable = {it.id for it in company.posts if may_read(it, who, company.now)}
        named = {company.posts[it.refers_to] for it in company.posts if it.id in readable}
        assert linked(company, who) == {it.id for it in named if it.kind == "page" and it.id in readable}


def test_the_made_up_companies_have_everything_that_the_rule_tells_apart() -> None:
    """A way that shows everybody everything, or nobody anything, would differ."""
    people = [who for seed in SEEDS for who in _people(Random(seed)).values()]
    readers = [who for who in people if not who.rights & {"is_admin", WRITER}]
    assert len(readers) < len(people) - len(SEEDS), "some write, beside the administrators"
    assert {(bool(who.department), who.is_proven) for who in readers} >= {(True, True), (True, False), (False, True)}
    assert {AGENT in who.rights for who in readers} == {True, False}
