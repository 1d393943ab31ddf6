"""Where announcements meet people who did not look for them: the start page, searches, profiles, and their feed."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
from sqlmodel import Session, select

from helpdesk.errors import StoreUnavailable
from helpdesk.languages import say
from helpdesk.people.rights import WRITER
from helpdesk.services import Services
from helpdesk.store import notifications, people, post_feeds, posts, rights
from helpdesk.store.models.posts import PostFeed
from helpdesk.store.models.tables import Person
from helpdesk.web.feeds import atom, feed
from helpdesk.web.notifications.render import NOTHING
from tests import telling
from tests.posts.publishing import publish
from tests.web.conftest import HTML, Client, Visit
from tests.web.dom import parsed
from tests.world import PEOPLE_IDS

HOUR = timedelta(hours=1)
BEGUN = datetime.now(UTC) - HOUR
ATOM = {"a": atom.NAMESPACE}


def announce(services: Services, title: str, *audience: tuple[str, str], **values: object) -> int:
    return publish(services.database, *audience, **{"title": title, "published_from": BEGUN, **values})


def titles(client: Client) -> list[str]:
    """The announcements on the start page."""
    page = parsed(client.get("/", headers=HTML).text)
    return [it.text for it in page.all(lambda it: it.tag == "a" and re.fullmatch(r"/posts/\d+", it.get("href") or ""))]


def test_the_start_page_shows_three_that_ask_for_attention(visit: Visit, services: Services) -> None:
    for number in range(5):
        announce(services, f"Новость {number}", published_from=BEGUN - number * HOUR)
    announce(services, "Важно", is_important=True, published_from=BEGUN - timedelta(days=400))
    announce(services, "Закреплено", is_pinned=True, published_from=BEGUN - timedelta(days=400))
    announce(services, "Старое", published_from=BEGUN - timedelta(days=400))
    announce(services, "Не для неё", ("right", WRITER))
    announce(services, "Своё", author_id=PEOPLE_IDS["irina"])
    for login in ("irina", "anna"):
        shown = titles(visit(login))
        assert shown[:2] == ["Важно", "Закреплено"] and len(shown) == 3
    page = parsed(visit("anna").get("/", headers=HTML).text)
    assert "5 more" in [it.text for it in page.of_class("start-more")]


def test_what_is_read_leaves_the_start_page_and_what_is_important_when_it_is_understood(
    visit: Visit, services: Services
) -> None:
    anna, plain = visit("anna"), announce(services, "Новость")
    important = announce(services, "Важно", is_important=True)
    answer = anna.post(f"/posts/{plain}/read", headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, "/") and titles(anna) == ["Важно"]
    assert anna.post(f"/posts/{important}/read").status_code == 200 and titles(anna) == ["Важно"]
    assert anna.get(f"/posts/{important}", headers=HTML).status_code == 200 and titles(anna) == ["Важно"]
    assert anna.post(f"/posts/{important}/understood", data={"version": 1}).status_code == 200 and titles(anna) == []
    assert titles(visit("boris")) == [], "he wrote both"


def test_putting_an_announcement_away_reads_its_notification(visit: Visit, services: Services) -> None:
    post, person = announce(services, "Лифт"), PEOPLE_IDS["irina"]
    for login in ("irina", "anna"):
        telling.tell(services.database, login, 0, f"post.{post}", kind="post", type="post", subject="Лифт")
    with services.wakeups.listening() as listener:
        assert visit("irina").post(f"/posts/{post}/read").status_code == 200
        assert asyncio.run(asyncio.wait_for(listener.wait(), 1)) == {person}
    unread = services.database.run_here(lambda db: notifications.unread(db, [person, PEOPLE_IDS["anna"]]))
    assert unread == {person: 0, PEOPLE_IDS["anna"]: 1}


def test_what_is_hidden_in_a_notification_is_named_in_russian_whatever_it_is_about() -> None:
    assert say("ru", NOTHING) == "Такие уведомления не показываются."


def test_nobody_reads_away_what_they_may_not_see(visit: Visit, services: Services) -> None:
    hidden = announce(services, "Черновик", is_draft=True)
    assert visit("anna").post(f"/posts/{hidden}/read").status_code == 404
    assert visit("anna").post("/posts/4711/read").status_code == 404
    assert visit("anna").post(f"/posts/{hidden}/read", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_opening_an_announcement_reads_its_notification(visit: Visit, services: Services) -> None:
    post = announce(services, "Лифт")
    number = telling.tell(services.database, "irina", 0, f"post.{post}", kind="post", type="post", subject="Лифт")
    irina, person = visit("irina"), PEOPLE_IDS["irina"]
    redirect = irina.get(f"/notifications/{number}", headers=HTML)
    assert redirect.headers["location"] == f"/posts/{post}"
    other = telling.tell(services.database, "anna", 0, f"post.{post}", kind="post", type="post", subject="Лифт")
    assert visit("anna").get(f"/posts/{post}", headers=HTML).status_code == 200
    row = services.database.run_here(lambda db: notifications.one(db, PEOPLE_IDS["anna"], other))
    assert row and row.read_at
    assert services.database.run_here(lambda db: notifications.unread(db, [person])) == {person: 0}


@pytest.mark.parametrize("login", ["anna", "irina"])
def test_a_search_finds_what_the_person_may_read(visit: Visit, services: Services, login: str) -> None:
    announce(services, "Лифт стоит")
    announce(services, "Как вызвать лифт", kind=posts.PAGE)
    announce(services, "Лифт: черновик", is_draft=True)
    found = visit(login).get("/search", params={"q": "ЛИФТ"}).json()["posts"]
    assert {(it["title"], it["kind"]) for it in found} == {("Лифт стоит", "post"), ("Как вызвать лифт", "page")}
    page = visit(login).get("/search?q=лифт", headers=HTML).text
    assert "Лифт стоит" in page and "черновик" not in page
    assert visit(login).get("/search").json()["posts"] == [], "without words there are none"


def test_a_profile_shows_what_its_person_has_written_for_the_viewer(visit: Visit, services: Services) -> None:
    for number in range(7):
        announce(services, f"Новость {number}")
    announce(services, "Секрет", ("right", WRITER))
    page = visit("irina").get("/users/profile/boris", headers=HTML).text
    assert page.count('href="/posts/') == 5 and "Секрет" not in page and "All announcements" in page
    assert "Новость" not in visit("irina").get("/users/profile/anna", headers=HTML).text


def test_those_who_write_see_the_state_of_what_they_find(visit: Visit, services: Services) -> None:
    services.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["anna"], WRITER), writes=True)
    announce(services, "Лифт: черновик", is_draft=True)
    announce(services, "Лифт: потом", published_from=datetime.now(UTC) + HOUR)
    announce(services, "Лифт: прошло", published_until=BEGUN)
    announce(services, "Лифт: теперь")
    anna = visit("anna")
    found = anna.get("/search", params={"q": "лифт"}).json()["posts"]
    states = {"черновик": "draft", "потом": "scheduled", "прошло": "expired", "теперь": "published"}
    assert {it["title"]: it["state"] for it in found} == {f"Лифт: {word}": it for word, it in states.items()}
    for address in ("/search?q=лифт", "/users/profile/boris"):
        page = parsed(anna.get(address, headers=HTML).text)
        rows = {it.text for it in page.all(lambda it: it.tag == "li") if "Лифт" in it.text}
        marks = [mark for row in rows for mark in ("draft", "from ", "ended on ") if mark in row]
        assert sorted(marks) == ["draft", "ended on ", "from "] and len(rows) == 4, address


def subscribed(client: Client) -> str:
    """A new address of the feed, as a path."""
    answer = client.post("/posts/feed")
    assert answer.status_code == 201 and answer.headers["cache-control"] == "no-store"
    at = urlsplit(answer.json()["url"])
    return f"{at.path}?{at.query}"


def entries(client: Client, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return [it.text or "" for it in ET.fromstring(answer.content).findall("a:entry/a:title", ATOM)]


def test_the_feed_shows_its_person_what_they_may_read_now(visit: Visit, services: Services) -> None:
    announce(services, "Всем")
    announce(services, "Пишущим", ("right", WRITER))
    announce(services, "Черновик", is_draft=True)
    announce(services, "Потом", published_from=datetime.now(UTC) + HOUR)
    announce(services, "Прошло", published_until=BEGUN)
    announce(services, "Страница", kind=posts.PAGE)
    address, reader = subscribed(visit("irina")), visit()
    assert entries(reader, address) == ["Всем"]
    services.database.run_here(lambda db: rights.grant(db, PEOPLE_IDS["irina"], WRITER), writes=True)
    assert sorted(entries(reader, address)) == ["Всем", "Пишущим"]


def test_the_feed_is_atom_without_cookies_scripts_and_secrets(
    visit: Visit, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    text = "[дальше](/posts/1) <script>alert(1)</script> ![кот](https://elsewhere.test/cat.png) #7 \x01"
    announce(services, "Лифт & <b>\x0b", content=text)
    address, reader = subscribed(visit("irina")), visit(public_url="https://help.test")
    token = address.partition("=")[2]
    caplog.clear()
    answer = reader.get(address)
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert answer.headers["cache-control"] == "private, no-cache" and answer.headers["referrer-policy"] == "no-referrer"
    own = [it.getMessage() + str(vars(it)) for it in caplog.records if not it.name.startswith("http")]
    assert "set-cookie" not in answer.headers and token not in answer.text and token not in str(own)
    (entry,) = ET.fromstring(answer.content).findall("a:entry", ATOM)
    shown = entry.findtext("a:content", "", ATOM)
    assert "<script" not in shown and "<img" not in shown
    assert 'href="https://help.test/posts/1"' in shown and 'href="https://help.test/tasks/7"' in shown
    assert entry.findtext("a:id", "", ATOM).startswith("https://help.test/posts/")


def test_the_feed_is_sent_again_only_when_it_has_changed(visit: Visit, services: Services) -> None:
    announce(services, "Всем")
    address, reader = subscribed(visit("irina")), visit()
    first = reader.get(address)
    again = {"If-None-Match": first.headers["etag"]}
    unchanged = reader.get(address, headers=again)
    assert (unchanged.status_code, unchanged.content) == (304, b"") and first.headers["last-modified"]
    announce(services, "Ещё")
    assert reader.get(address, headers=again).status_code == 200
    assert reader.head(address).status_code == 200


def test_a_new_address_ends_the_old_one_and_so_does_revoking_it(visit: Visit, services: Services) -> None:
    irina, reader = visit("irina"), visit()
    old, new = subscribed(irina), subscribed(irina)
    assert (reader.get(old).status_code, reader.get(new).status_code) == (404, 200)
    assert irina.get("/posts/feed").json()["used_at"]
    kept = services.database.run_here(lambda db: db.exec(select(PostFeed)).one())
    assert kept.token_hash not in new and new.partition("=")[2] not in kept.token_hash
    assert irina.post("/posts/feed/revoke", headers=HTML).status_code == 303
    assert reader.get(new).status_code == 404 and irina.get("/posts/feed").json()["made_at"] is None


def test_a_feed_is_sent_also_while_nothing_can_be_written(
    visit: Visit, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(services, "Всем")
    address = subscribed(visit("irina"))

    def fail(*_: object) -> None:
        raise StoreUnavailable("the disk is read-only")

    monkeypatch.setattr(post_feeds, "record_use", fail)
    assert entries(visit(), address) == ["Всем"]


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 1_000, "é" * 43, "\x00"], ids=range(6))
def test_no_other_token_opens_a_feed(visit: Visit, token: str) -> None:
    subscribed(visit("irina"))
    answer = visit().get("/posts/feed.atom", params={"token": token})
    assert answer.status_code == 404


def test_the_feed_of_a_closed_account_is_closed_for_good(visit: Visit, services: Services) -> None:
    address, reader = subscribed(visit("irina")), visit()

    def block(db: Session) -> None:
        db.get_one(Person, PEOPLE_IDS["irina"]).blocked_at = BEGUN

    services.database.run_here(block, writes=True)
    assert reader.get(address).status_code == 404
    services.database.run_here(lambda db: people.disable(db, "irina"), writes=True)
    services.database.run_here(lambda db: people.enable(db, "irina"), writes=True)
    assert reader.get(address).status_code == 404, "its token was revoked with the others"


def test_a_token_of_the_api_makes_no_feed(visit: Visit, services: Services) -> None:
    made = visit("irina").post("/users/tokens", json={"name": "Скрипт", "scope": "write"}).json()["token"]
    program = {"Authorization": f"Bearer {made}"}
    assert visit().post("/posts/feed", headers=program).status_code == 403


def test_a_feed_stays_small_whatever_is_written(visit: Visit, services: Services) -> None:
    for number in range(60):
        announce(services, f"Новость {number}", content=f"{number} " + "**<&>** " * 1_200)
    answer = visit().get(subscribed(visit("irina")))
    found = ET.fromstring(answer.content).findall("a:entry", ATOM)
    assert len(found) == feed.MOST_ENTRIES and len(answer.content) <= atom.MOST_BYTES
    assert all(it.findtext("a:summary", "", ATOM) for it in found)


def test_what_has_very_much_html_keeps_its_summary_alone() -> None:
    entry = atom.Entry("https://help.test/posts/1", "Лифт", "Борис", BEGUN, BEGUN, "Кратко", "<p>&</p>" * 70_000)
    small = entry._replace(html="<p>Да</p>")
    content = atom.write(atom.Feed("Новости", "https://help.test/a", "https://help.test", BEGUN, [small, entry]))
    assert [it.findtext("a:content", None, ATOM) for it in ET.fromstring(content).findall("a:entry", ATOM)] == [
        "<p>Да</p>",
        None,
    ]
