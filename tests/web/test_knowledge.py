"""Knowledge pages by pages and by programs: the tree, links, votes, reviews, suggestions; no title is shown to whoever
may not read the page."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from helpdesk.services import Services
from helpdesk.store.database import Database
from helpdesk.web.knowledge import index
from tests.knowledge import NOON, add_page
from tests.web.conftest import HTML, HTMX, SALES, Client, Visit, notes

pytestmark = pytest.mark.usefixtures("settled")

SECRET = "Зарплаты начальства"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def stranger(visit: Visit) -> Client:
    return visit("stranger")


def add(store: Database, title: str, under: int | None = None, **values: Any) -> int:
    return store.run_here(lambda db: add_page(db, title, under, **values), writes=True)


def write(client: Client, title: str, status: int = 201, **more: Any) -> Any:
    answer = client.post("/knowledge/new", json={"title": title, "content": "Текст", **more})
    assert answer.status_code == status, answer.text
    return answer.json().get("post", answer.json())


def titles(client: Client) -> list[str]:
    return [it["title"] for it in client.get("/knowledge").json()["pages"]]


def page_of(client: Client, path: str, **more: Any) -> str:
    answer = client.get(path, headers=HTML, **more)
    assert answer.status_code == 200, answer.text
    return answer.text


def links(text: str) -> list[tuple[str, str]]:
    """The links of the text of a page: where to, and by which words."""
    body = re.search(r'<div class="text post-text"[^>]*>(.*?)</div>', text, re.S)
    assert body
    return [(html.unescape(href), words) for href, words in re.findall(r'<a href="([^"]+)"[^>]*>([^<]*)</a>', body[1])]


# The tree


def test_whoever_writes_adds_pages_where_they_belong_and_others_read_them(anna: Client, irina: Client) -> None:
    above = write(anna, "Почта")
    below = write(anna, "На телефоне", parent=above["id"])
    assert titles(irina) == ["Почта", "На телефоне"]
    told = irina.get(f"/posts/{below['id']}").json()["post"]
    assert told["path"] == [{"id": above["id"], "title": "Почта"}] and told["children"] == []
    assert (told["kind"], told["reviewed_at"], told["has_helped"]) == ("page", None, None)
    assert "helped" not in told
    shown = page_of(irina, f"/posts/{above['id']}")
    assert f'href="/posts/{below["id"]}"' in shown and "post-by" not in shown and "Move" not in shown
    tree = page_of(irina, f"/knowledge?at={below['id']}")
    assert 'aria-current="true">На телефоне' in tree and "New page" not in tree
    write(irina, "Чужая", 403)
    assert irina.get("/knowledge/new", headers=HTML).status_code == 403
    assert "Почта" not in page_of(irina, "/posts") and irina.get("/posts").json()["posts"] == []


def test_a_form_adds_a_page_keeps_what_was_typed_and_says_where_it_will_be(anna: Client) -> None:
    above = write(anna, "Почта")["id"]
    form = page_of(anna, f"/knowledge/new?parent={above}&title=Календарь")
    assert 'value="Календарь"' in form and "Under “Почта”" in form and 'name="pinned"' not in form
    sent = {"title": "Календарь", "content": "", "parent": str(above), "audience": "all", "draft": "0"}
    refused = anna.post("/knowledge/new", data=sent, headers=HTML)
    assert refused.status_code == 422 and "Under “Почта”" in refused.text and 'value="Календарь"' in refused.text
    sent["content"] = "См. [[Почта]]"
    saved = anna.post("/knowledge/new", data=sent, headers=HTML)
    assert saved.status_code == 303 and titles(anna) == ["Почта", "Календарь"]
    assert links(page_of(anna, saved.headers["location"])) == [(f"/posts/{above}", "Почта")]
    edited = page_of(anna, f"{saved.headers['location']}/edit")
    assert 'name="published_from"' not in edited and 'name="important"' not in edited
    previewed = anna.post("/posts/preview", data=sent, headers=HTML).text
    assert f'<a href="/posts/{above}">Почта</a>' in previewed and "Under “Почта”" in previewed
    gone = anna.post("/knowledge/new", data=sent | {"parent": "777"}, headers=HTML)
    assert gone.status_code == 422 and "There is no such page." in gone.text


def test_a_draft_of_a_page_comes_back_to_its_own_form(anna: Client) -> None:
    above = write(anna, "Почта")["id"]
    form = page_of(anna, f"/knowledge/new?parent={above}")
    owner = re.search(r'name="typed_by" value="([^"]+)"', form)
    assert owner
    sent = {"title": "Кален", "content": "Начало", "parent": str(above), "typed_by": owner[1], "audience": "all"}
    assert anna.put("/drafts/posts:new_page", data=sent).json()["kept"] is True
    again = page_of(anna, "/knowledge/new")
    assert 'value="Кален"' in again and "Under “Почта”" in again
    assert "Кален" not in page_of(anna, "/posts/new")


def test_a_page_is_moved_by_a_form_and_never_under_itself(anna: Client, irina: Client) -> None:
    a, b = write(anna, "A")["id"], write(anna, "B")["id"]
    c = write(anna, "C", parent=b)["id"]
    form = page_of(anna, f"/knowledge/{b}/move")
    assert (
        re.findall(r'<option value="(\d*)"', form) == ["", str(a)]
        and 'name="number" inputmode="numeric" value="2"' in form
    )
    moved = anna.post(f"/knowledge/{b}/move", data={"parent": a, "number": 1}, headers=HTML)
    assert moved.status_code == 303 and moved.headers["location"] == f"/posts/{b}"
    assert [it["depth"] for it in anna.get("/knowledge").json()["pages"]] == [1, 2, 3]
    refused = anna.post(f"/knowledge/{a}/move", data={"parent": c, "number": 1}, headers=HTML)
    assert refused.status_code == 422 and "under itself" in refused.text and 'aria-invalid="true"' in refused.text
    assert anna.post(f"/knowledge/{a}/move", json={"parent": c}).json()["errors"]["parent"]
    assert anna.post(f"/knowledge/{a}/move", json={"number": "много"}).status_code == 422
    assert anna.post("/knowledge/777/move", json={"number": 1}).status_code == 404
    assert irina.post(f"/knowledge/{c}/move", json={"number": 1}).status_code == 403
    assert anna.post(f"/knowledge/{c}/move", json={"parent": None, "number": 1}).status_code == 200
    assert titles(anna) == ["C", "A", "B"]


def test_a_deleted_page_leads_to_the_tree_with_what_was_under_it(anna: Client) -> None:
    a = write(anna, "A")["id"]
    b = write(anna, "B", parent=a)["id"]
    write(anna, "C", parent=b)
    deleted = anna.post(f"/posts/{b}/delete", data={}, headers=HTML)
    assert deleted.headers["location"] == "/knowledge" and titles(anna) == ["A", "C"]


def test_a_large_tree_is_closed_but_for_the_way_to_the_page_one_comes_from(
    irina: Client, settled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = add(settled, "A"), add(settled, "B")
    c = add(settled, "C", add(settled, "a", a))
    add(settled, "b", b)
    assert page_of(irina, "/knowledge").count("<details open>") == 3
    monkeypatch.setattr(index, "MOST_OPEN", 4)
    assert page_of(irina, "/knowledge").count("<details open>") == 0
    assert page_of(irina, f"/knowledge?at={c}").count("<details open>") == 2
    for at in ("777", "x", "9" * 5000, ""):
        assert page_of(irina, f"/knowledge?at={at}").count("<details open>") == 0


def test_pages_are_found_by_words_those_with_the_words_in_their_titles_first(irina: Client, settled: Database) -> None:
    text = add(settled, "Касса", content="Настройте принтер")
    title = add(settled, "Принтер")
    add(settled, "Принтер директора", is_draft=True)
    assert [it["id"] for it in irina.get("/knowledge?q=ПРИНТЕР").json()["pages"]] == [title, text]
    found = page_of(irina, "/knowledge?q=принтер")
    assert "Принтер директора" not in found and "Настройте принтер" in found and "2 pages" in found
    assert "No page has all these words" in page_of(irina, "/knowledge?q=%25")
    assert page_of(irina, "/knowledge", params={"q": HOSTILE}).count(HOSTILE) == 0


# Links


def test_a_link_is_shown_as_each_reader_may_have_it(
    anna: Client, irina: Client, stranger: Client, settled: Database
) -> None:
    hidden = add(settled, SECRET, department=SALES)
    text = f"[[{SECRET}|отчёт]], [[Нет такой]], `[[{SECRET}]]`"
    page = add(settled, "Почта", content=text)
    address = f"/posts/{page}"
    assert links(page_of(irina, address)) == [(f"/posts/{hidden}", "отчёт")]
    assert links(page_of(stranger, address)) == []
    assert "отчёт, Нет такой" in page_of(stranger, address)
    by_writer = links(page_of(anna, address))
    assert by_writer[0] == (f"/posts/{hidden}", "отчёт") and by_writer[1][1] == "write this page"
    assert 'value="Нет такой"' in page_of(anna, by_writer[1][0])


def test_an_announcement_links_to_pages_and_a_hostile_link_is_a_text(anna: Client, settled: Database) -> None:
    add(settled, HOSTILE)
    content = f"[[{HOSTILE}]] [[VPN|{HOSTILE}]] [[javascript:alert(1)]] [[{'я' * 100}|{'я' * 100}]]"
    added = anna.post("/posts", json={"title": "Новость", "content": content}).json()["post"]
    shown = page_of(anna, f"/posts/{added['id']}")
    assert HOSTILE not in shown and all(it.startswith(("/posts/", "/knowledge/new?title=")) for it, _ in links(shown))


def test_a_renamed_page_is_still_found_by_its_former_title(anna: Client, irina: Client) -> None:
    page = write(anna, "VPN")
    old = write(anna, "Из дома", content="[[VPN]]")["id"]
    changed = {"title": "Удалённый доступ", "content": "Текст", "version": page["version"]}
    anna.post(f"/posts/{page['id']}/edit", json=changed).raise_for_status()
    assert links(page_of(irina, f"/posts/{old}")) == [(f"/posts/{page['id']}", "VPN")]


def test_a_reply_links_to_the_pages_that_its_author_may_read(
    anna: Client, irina: Client, settled: Database, number: int
) -> None:
    vpn, hidden = add(settled, "VPN"), add(settled, SECRET, is_draft=True)
    typed = f"См. [[vpn]] и [[{SECRET}]], `[[VPN]]`, [[Wiki]]"
    public = f"См. [vpn](http://testserver/posts/{vpn}) и [[{SECRET}]], `[[VPN]]`, [[Wiki]]"
    own = public.replace(f"[[{SECRET}]]", f"[{SECRET}](http://testserver/posts/{hidden})")
    previewed = anna.post(f"/tasks/{number}/preview?of=comments", data={"comment": typed}, headers=HTMX).text
    assert f'href="http://testserver/posts/{vpn}"' in previewed
    assert irina.post(f"/tasks/{number}/comments", data={"comment": typed}, headers=HTML).status_code == 303
    assert anna.post(f"/tasks/{number}/comments", data={"comment": typed}, headers=HTMX).status_code == 200
    anna.post(f"/tasks/{number}/comments", json={"comment": typed}).raise_for_status()
    assert [it for it in notes(anna, number) if it][-3:] == [public, own, typed], "a program's text stays as it is"


def test_a_reply_that_was_refused_is_shown_as_it_was_typed(anna: Client, settled: Database, number: int) -> None:
    add(settled, "VPN")
    sent = {"comment": "[[VPN]]", "status_id": "777"}
    refused = anna.post(f"/tasks/{number}/comments", data=sent, headers=HTML)
    assert refused.status_code == 422 and ">[[VPN]]</textarea>" in refused.text


def test_links_name_the_public_address_and_a_reply_too_long_for_them_stays(
    visit: Visit, settled: Database, number: int
) -> None:
    page = add(settled, "VPN")
    boris = visit("boris", public_url="https://help.example.test")
    boris.headers["origin"] = "https://help.example.test"
    boris.post(f"/tasks/{number}/comments", data={"comment": "[[VPN]]"}, headers=HTML)
    assert notes(boris, number)[-1] == f"[VPN](https://help.example.test/posts/{page})"
    long = "[[VPN]]" + "я" * (65_535 - 7)
    boris.post(f"/tasks/{number}/comments", data={"comment": long}, headers=HTML)
    assert notes(boris, number)[-1] == long


def test_titles_are_offered_to_a_reply_only_those_that_its_author_may_read(
    irina: Client, stranger: Client, settled: Database
) -> None:
    add(settled, SECRET, department=SALES)
    add(settled, "Зарплатный проект")
    add(settled, "Зарплата [старая]")
    offered = irina.get("/knowledge/titles?q=зарплат").json()["pages"]
    assert [it["title"] for it in offered] == ["Зарплатный проект", SECRET], "none that can't be written as a link"
    fragment = stranger.get("/knowledge/titles?q=зарплат", headers=HTMX).text
    assert 'data-text="Зарплатный проект"' in fragment and SECRET not in fragment
    assert stranger.get("/knowledge/titles?q=x", headers=HTML).headers["location"] == "/knowledge"


# Votes and reviews


def test_everybody_says_once_whether_a_page_helped_and_those_who_write_see_how_many(
    anna: Client, irina: Client, stranger: Client, settled: Database
) -> None:
    page = add(settled, "VPN")
    vote = f"/knowledge/{page}/vote"
    fragment = irina.post(vote, data={"helpful": "1"}, headers=HTMX).text
    assert fragment.count('aria-pressed="true"') == 1 and "yes: 1" not in fragment and "Thank you" in fragment
    assert irina.post(vote, data={"helpful": "0"}, headers=HTML).headers["location"] == f"/posts/{page}"
    assert stranger.post(vote, json={"helpful": True}).json()["has_helped"] is True
    told = anna.get(f"/posts/{page}").json()["post"]
    assert (told["helped"], told["not_helped"], told["has_helped"]) == (1, 1, None)
    assert "yes: 1, no: 1" in page_of(anna, f"/posts/{page}")
    for body in ({}, {"helpful": "maybe"}, {"helpful": None}):
        assert irina.post(vote, json=body).status_code == 422


def test_nobody_votes_on_what_they_may_not_read_or_what_is_no_page(
    anna: Client, stranger: Client, settled: Database
) -> None:
    hidden = add(settled, SECRET, department=SALES)
    post = anna.post("/posts", json={"title": "Новость", "content": "Текст"}).json()["post"]["id"]
    for number in (hidden, post, 777):
        assert stranger.post(f"/knowledge/{number}/vote", json={"helpful": True}).status_code == 404
    assert anna.post(f"/knowledge/{post}/review", json={"version": 1}).status_code == 404


def test_a_page_that_nobody_has_reviewed_for_a_year_is_marked_for_those_who_write(
    anna: Client, irina: Client, services: Services, settled: Database
) -> None:
    long_ago = services.clock() - timedelta(days=366)
    page = add(settled, "VPN", created_at=long_ago, version=3)
    add(settled, "Черновик", created_at=long_ago, is_draft=True)
    assert "1 page has not been reviewed for a year" in page_of(anna, "/knowledge")
    assert "Nobody has reviewed" in page_of(anna, f"/posts/{page}")
    for address in ("/knowledge", f"/posts/{page}"):
        assert "reviewed" not in page_of(irina, address)
    assert irina.post(f"/knowledge/{page}/review", json={"version": 3}).status_code == 403
    stale = anna.post(f"/knowledge/{page}/review", json={"version": 2})
    assert stale.status_code == 409 and "Nobody has reviewed" in page_of(anna, f"/posts/{page}")
    anna.post(f"/knowledge/{page}/review", data={"version": "3"}, headers=HTML)
    assert "by Анна Смирнова" in page_of(irina, f"/posts/{page}") and "Nobody" not in page_of(anna, f"/posts/{page}")
    assert "has not been reviewed" not in page_of(anna, "/knowledge")


# Suggestions


def test_pages_are_suggested_while_a_subject_is_typed_and_after_a_refusal(
    irina: Client, stranger: Client, settled: Database
) -> None:
    page = add(settled, "Почта на телефоне")
    add(settled, f"Почта: {SECRET}", department=SALES)
    asked = "/requests/new/similar?subject=не работает почта"
    found = stranger.get(asked, headers=HTMX).text
    assert "Perhaps this helps:" in found and f'href="/posts/{page}"' in found and SECRET not in found
    assert len(irina.get(asked).json()["pages"]) == 2
    assert stranger.get("/requests/new/similar?subject=по").json()["pages"] == []
    form = page_of(irina, "/requests/new")
    assert "Perhaps this helps" not in form and 'href="/knowledge"' in form
    refused = irina.post("/requests/new", data={"subject": "почта", "description": ""}, headers=HTML)
    assert refused.status_code == 422 and f'href="/posts/{page}"' in refused.text


# Nobody sees the title of a page that they may not read


def test_no_address_shows_the_title_of_a_page_to_whoever_may_not_read_it(
    stranger: Client, irina: Client, settled: Database
) -> None:
    above = add(settled, "Деньги")
    hidden = add(settled, SECRET, above, department=SALES, former="Оклады")
    below = add(settled, "Премии", hidden, content="[[Оклады]]")
    add(settled, SECRET, above, is_draft=True)
    add(settled, SECRET, above, published_from=NOON + timedelta(days=9_999))
    add(settled, SECRET, above, published_until=NOON)
    addresses = [
        "/knowledge", f"/knowledge?at={hidden}", f"/knowledge?q={SECRET}", "/knowledge/titles?q=зарплаты",
        f"/posts/{above}", f"/posts/{below}", "/requests/new/similar?subject=зарплаты начальства",
    ]  # fmt: skip
    told = stranger.get(f"/posts/{below}").json()["post"]
    assert told["path"] == [{"id": above, "title": "Деньги"}]
    for address in addresses:
        for headers in (HTML, HTMX, {}):
            answer = stranger.get(address, headers=headers)
            assert answer.status_code in (200, 303), address
            shown = re.sub(r'value="[^"]*"', "", answer.text)
            assert SECRET not in shown, (address, headers)
    assert stranger.get(f"/posts/{hidden}").status_code == 404
    assert SECRET in page_of(irina, "/knowledge") and SECRET in page_of(irina, f"/posts/{above}")
