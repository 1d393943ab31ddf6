"""The tree of knowledge pages, their titles and votes in each of our databases."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from helpdesk.errors import Conflict, Invalid, NotFound
from helpdesk.people.rights import WRITER
from helpdesk.store import knowledge, page_titles, page_votes, page_words, post_edits
from helpdesk.store.casefold import fold
from helpdesk.store.database import Database
from helpdesk.store.knowledge import DEEPEST, MOST_PAGES, Tree
from helpdesk.store.models.posts import PageVote, PageWord, Post, PostAudience, PostRevision
from helpdesk.store.post_edits import Wanted
from helpdesk.store.post_readers import Reader
from tests.knowledge import NOON, add_page
from tests.world import PEOPLE_IDS

ANNA, IRINA = PEOPLE_IDS["anna"], PEOPLE_IDS["irina"]
EVERYBODY = Reader()
ACCOUNTING = Reader(fold("Бухгалтерия"))
WRITES = Reader(rights=frozenset({WRITER}))


@pytest.fixture
def store(told_store: Database) -> Iterator[Database]:
    """Without pages that other tests left in a shared server, and leaving none there."""
    told_store.run_here(_clear, writes=True)
    yield told_store
    told_store.run_here(_clear, writes=True)


def _clear(session: Session) -> None:
    session.exec(sa.update(Post).values(parent_id=None))
    for model in (PageVote, PageWord, PostAudience, PostRevision, Post):
        session.exec(sa.delete(model))


def add(store: Database, title: str, under: int | None = None, **values: Any) -> int:
    return store.run_here(lambda db: add_page(db, title, under, **values), writes=True)


def tree(store: Database, reader: Reader = WRITES) -> Tree:
    return store.run_here(lambda db: knowledge.tree(db, reader, NOON))


def drawn(store: Database, reader: Reader = WRITES) -> list[str]:
    """The tree as one sees it: a stroke for each level."""
    return ["-" * page.depth + page.title for page in tree(store, reader)]


def move(store: Database, page: int, under: int | None, number: int = 1) -> None:
    store.run_here(lambda db: knowledge.move(db, ANNA, page, under, number), writes=True)


def new_position(store: Database, under: int | None) -> int:
    return store.run_here(lambda db: knowledge.new_position(db, under), writes=True)


def test_the_tree_is_read_in_order_and_a_page_knows_its_place(store: Database) -> None:
    mail = add(store, "Почта", position=1)
    vpn = add(store, "VPN", position=0)
    phone = add(store, "На телефоне", mail, position=1)
    away = add(store, "Автоответ", mail, position=0)
    add(store, "iPhone", phone)
    assert drawn(store) == ["-VPN", "-Почта", "--Автоответ", "--На телефоне", "---iPhone"]
    place = knowledge.place(tree(store), phone)
    assert [it.id for it in place.above] == [mail]
    assert [it.id for it in place.beside] == [away, phone]
    assert [it.title for it in place.under] == ["iPhone"]
    assert [it.id for it in knowledge.place(tree(store), mail).beside] == [vpn, mail]
    assert knowledge.place(tree(store), 10**6) == ((), (), ())


def test_a_hidden_page_has_no_title_and_what_is_under_it_moves_up(store: Database) -> None:
    closed = add(store, "Зарплата", department="Бухгалтерия")
    draft = add(store, "Черновик", closed, is_draft=True)
    add(store, "Для всех", draft)
    add(store, "Скоро", published_from=NOON + timedelta(days=1))
    add(store, "Было", published_until=NOON)
    assert drawn(store, EVERYBODY) == ["-Для всех"]
    assert drawn(store, ACCOUNTING) == ["-Зарплата", "--Для всех"]
    assert drawn(store) == ["-Зарплата", "--Черновик", "---Для всех", "-Скоро", "-Было"]
    assert [it.title for it in tree(store) if not it.is_published] == ["Черновик", "Скоро", "Было"]


def test_an_announcement_is_no_page(store: Database) -> None:
    post = add(store, "Новость", kind="post")
    add(store, "Под новостью", post)
    assert drawn(store) == ["-Под новостью"]
    with pytest.raises(NotFound):
        move(store, post, None)


def test_a_page_moves_with_all_that_is_under_it(store: Database) -> None:
    a, b, c = (add(store, title, position=place) for place, title in enumerate("ABC"))
    add(store, "a", a)
    move(store, a, b)
    assert drawn(store) == ["-B", "--A", "---a", "-C"]
    move(store, c, b, 1)
    assert drawn(store) == ["-B", "--C", "--A", "---a"]
    move(store, c, b, 99)
    assert drawn(store) == ["-B", "--A", "---a", "--C"]
    move(store, a, None, 2)
    assert drawn(store) == ["-B", "--C", "-A", "--a"]
    move(store, a, None, 1)
    assert drawn(store) == ["-A", "--a", "-B", "--C"]


@pytest.mark.parametrize("number", [0, -5, 1])
def test_the_first_place_is_the_first_whatever_is_asked_below_it(store: Database, number: int) -> None:
    add(store, "A", position=0)
    b = add(store, "B", position=1)
    move(store, b, None, number)
    assert drawn(store) == ["-B", "-A"]


def test_no_page_comes_under_itself(store: Database) -> None:
    a = add(store, "A")
    b = add(store, "B", a)
    c = add(store, "C", b)
    for under in (a, b, c):
        with pytest.raises(Invalid) as refusal:
            move(store, a, under)
        assert refusal.value.fields == {"parent": [knowledge.UNDER_ITSELF]}
    with pytest.raises(Invalid) as unknown:
        move(store, a, 10**6)
    assert unknown.value.fields == {"parent": [knowledge.NO_PAGE]}
    with pytest.raises(NotFound):
        move(store, 10**6, None)
    assert drawn(store) == ["-A", "--B", "---C"]


def test_the_tree_is_bounded_in_depth_and_pages(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    last: int | None = None
    for level in range(DEEPEST):
        assert new_position(store, last) == 0
        last = add(store, str(level), last)
    with pytest.raises(Invalid) as deep:
        new_position(store, last)
    assert deep.value.fields == {"parent": [knowledge.TOO_DEEP]}
    root = add(store, "Корень", position=1)
    add(store, "Лист", root)
    with pytest.raises(Invalid) as too_high:
        move(store, root, tree(store)[DEEPEST - 2].id)
    assert too_high.value.fields == {"parent": [knowledge.TOO_DEEP]}
    move(store, tree(store)[-1].id, tree(store)[DEEPEST - 2].id)
    assert drawn(store)[-3:] == ["------Лист", "------5", "-Корень"]
    assert new_position(store, None) == 2
    assert MOST_PAGES == 2_000
    monkeypatch.setattr(knowledge, "MOST_PAGES", DEEPEST + 2)
    with pytest.raises(Invalid) as full:
        new_position(store, None)
    assert full.value.fields == {"parent": [knowledge.TOO_MANY]}


def test_what_is_under_a_deleted_page_takes_its_place(store: Database) -> None:
    add(store, "A", position=0)
    b = add(store, "B", position=1)
    add(store, "C", position=2)
    for place, title in enumerate(("b1", "b2")):
        add(store, title, b, position=place)

    def delete(page: int) -> None:
        store.run_here(lambda db: page_votes.vote(db, WRITES, page, ANNA, True, NOON), writes=True)
        store.run_here(lambda db: post_edits.remove(db, page, NOON), writes=True)

    delete(b)
    assert drawn(store) == ["-A", "-b1", "-b2", "-C"]
    with pytest.raises(NotFound):
        delete(b)
    while pages := tree(store):
        delete(pages[-1].id)
    assert store.run_here(lambda db: db.exec(sa.select(sa.func.count()).select_from(PageWord)).scalar()) == 0


def test_a_page_is_written_under_another_one_and_suggested_by_its_present_words(store: Database) -> None:
    above = add(store, "A")

    def write(title: str, under: int | None) -> int:
        wanted = Wanted(title, "Текст", is_pinned=True, is_important=True)
        return store.run_here(lambda db: post_edits.add_page(db, ANNA, under, wanted, NOON), writes=True).id

    def suggested(subject: str) -> list[str]:
        found = store.run_here(lambda db: page_words.suggested(db, EVERYBODY, NOON, subject, 3))
        return [it.title for it in found]

    first = write("Почта", above)
    write("Сканер", above)
    assert drawn(store) == ["-A", "--Почта", "--Сканер"]
    with pytest.raises(Invalid):
        write("Касса", 10**6)
    urgent = sa.select(sa.func.count()).where(sa.or_(col(Post.is_pinned), col(Post.is_important)))
    assert store.run_here(lambda db: db.execute(urgent).scalar_one()) == 0, "that is for announcements"
    assert suggested("почту") == ["Почта"]
    wanted = Wanted("Календарь", "Текст")
    store.run_here(lambda db: post_edits.edit(db, ANNA, first, 1, wanted, NOON), writes=True)
    assert suggested("почту") == [] and suggested("календаря") == ["Календарь"]
    assert drawn(store) == ["-A", "--Календарь", "--Сканер"]
    named = store.run_here(lambda db: page_titles.named(db, EVERYBODY, NOON, ["Почта"]))
    assert named["почта"] == (first, "Календарь"), "its former title leads to it"


def test_pages_that_are_moved_at_once_never_make_a_circle(store: Database) -> None:
    """Each of two pages is moved under the other one: one of them stays."""
    for _ in range(10):
        pages = [add(store, "A"), add(store, "B")]
        together = threading.Barrier(2)

        def one(number: int, pages: list[int] = pages, together: threading.Barrier = together) -> bool:
            together.wait()
            try:
                move(store, pages[number], pages[1 - number])
            except Invalid:
                return False
            return True

        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(one, range(2))) == [False, True]
        assert len(drawn(store)) == 2
        store.run_here(_clear, writes=True)


def test_any_moves_leave_a_tree_of_all_pages(store: Database) -> None:
    chance = random.Random(21)
    pages = [add(store, str(number)) for number in range(12)]
    for _ in range(60):
        under = chance.choice([None, *pages])
        try:
            move(store, chance.choice(pages), under, chance.randrange(5))
        except Invalid:
            continue
        shown = tree(store)
        assert sorted(it.id for it in shown) == pages and max(it.depth for it in shown) <= DEEPEST


def test_a_page_is_found_by_its_title_in_any_case(store: Database) -> None:
    first = add(store, "Почта на телефоне")
    add(store, "ПОЧТА НА ТЕЛЕФОНЕ")
    hidden = add(store, "Отчёт", department="Бухгалтерия")
    named = store.run_here(
        lambda db: page_titles.named(db, EVERYBODY, NOON, ["почта на телефоне", " ОТЧЕТ ", "Нет такой"])
    )
    assert {key: it.id for key, it in named.items()} == {"почта на телефоне": first}
    seen = store.run_here(lambda db: page_titles.named(db, ACCOUNTING, NOON, ["ОТЧЕТ"]))
    assert seen["отчет"] == (hidden, "Отчёт")
    assert store.run_here(lambda db: page_titles.named(db, EVERYBODY, NOON, [])) == {}


def test_a_former_title_leads_to_the_page_unless_another_one_has_it_now(store: Database) -> None:
    renamed = add(store, "Удалённый доступ", former="VPN")
    hidden = add(store, "Закрытая", former="Открытая", department="Бухгалтерия")

    def found(reader: Reader = EVERYBODY) -> dict[str, int]:
        named = store.run_here(lambda db: page_titles.named(db, reader, NOON, ["VPN", "Открытая"]))
        return {key: it.id for key, it in named.items()}

    assert found() == {"vpn": renamed}
    assert found(ACCOUNTING) == {"vpn": renamed, "открытая": hidden}
    assert found(ACCOUNTING) == {"vpn": renamed, "открытая": hidden}
    new = add(store, "vpn")
    assert found() == {"vpn": new}


def test_titles_are_offered_by_their_words_those_that_begin_with_them_first(store: Database) -> None:
    for title in ("Сайт не открывается", "Не открывается письмо", "100 % диска", "Открытка"):
        add(store, title)
    add(store, "Не открывается касса", department="Бухгалтерия")

    def offered(q: str, limit: int = 8, reader: Reader = EVERYBODY) -> list[str]:
        return [it.title for it in store.run_here(lambda db: page_titles.beginning(db, reader, NOON, q, limit))]

    assert offered("не ОТКРЫВАЕТСЯ") == ["Не открывается письмо", "Сайт не открывается"]
    assert offered("открывается не", reader=ACCOUNTING)[0] == "Не открывается касса"
    assert offered("%") == ["100 % диска"] and offered("_") == []
    assert len(offered("")) == 4 and len(offered("", 2)) == 2


def test_a_page_may_have_words_that_differ_in_an_accent(store: Database) -> None:
    wanted = Wanted("Résumé", "résumé resume, für fur")
    page = store.run_here(lambda db: post_edits.add_page(db, ANNA, None, wanted, NOON), writes=True).id
    for subject, is_found in (("resume für", True), ("rèsumè", False)):
        found = store.run_here(lambda db, it=subject: page_words.suggested(db, EVERYBODY, NOON, it, 3))
        assert [it.id for it in found] == [page] * is_found
    assert store.run_here(lambda db: page_titles.beginning(db, EVERYBODY, NOON, "resume", 3)) == []


def test_pages_are_suggested_by_words_of_titles_then_of_texts(store: Database) -> None:
    phone = add(store, "Почта на телефоне", content="Как настроить ящик.")
    site = add(store, "Сайт не открывается", content="Проверьте почту и телефон.")
    add(store, "Почта бухгалтерии", department="Бухгалтерия")
    add(store, "Почта", is_draft=True)
    vpn = add(store, "VPN", content="Настроить подключение к сети из дома.")

    def suggested(subject: str, reader: Reader = EVERYBODY) -> list[int]:
        return [it.id for it in store.run_here(lambda db: page_words.suggested(db, reader, NOON, subject, 3))]

    assert suggested("Не работает почта на телефоне") == [phone, site]
    assert suggested("настройка подключения из дома") == [vpn]
    assert suggested("ВПН vpn") == [vpn]
    assert suggested("Помогите, ничего не работает!") == []
    assert suggested("") == suggested("%%% ___") == suggested("я" * 5_000) == []
    assert suggested("телефона") == [phone, site], "one word of a title, or all that there are in a text"
    assert suggested("почта", WRITES)[0] == phone and len(suggested("почта", WRITES)) == 3, "no drafts"
    assert suggested("дисковод и телефон для дома") == [phone], "one word of many in a text is chance"


@pytest.mark.parametrize(
    ("forms", "stem"),
    [
        ("Почта почту почтой почты", "почт"),
        ("пароль пароля паролем пароли", "парол"),
        ("телефон телефона телефоне телефонами", "телефо"),
        ("настроить настройка настройки", "настро"),
        ("ёлка ЕЛКА ёлки", "елк"),
        ("сайт сайта", "сайт"),
        ("printer printers PRINTER", "printe"),
        ("1С не работает, помогите пожалуйста", "1с"),
    ],
)
def test_words_that_tell_something_lose_their_endings(forms: str, stem: str) -> None:
    assert page_words.stems(forms, 8) == [stem]


def test_the_words_of_a_page_follow_its_text_and_are_bounded(store: Database) -> None:
    page = add(store, "VPN", content="Старый текст")

    def index(title: str, content: str) -> list[tuple[str, bool]]:
        store.run_here(lambda db: page_words.index(db, page, title, content), writes=True)
        query = sa.select(col(PageWord.word), col(PageWord.is_in_title)).order_by(col(PageWord.word))
        return store.run_here(lambda db: [(word, bool(it)) for word, it in db.execute(query)])

    assert index("Новый VPN", "Новый текст") == [("vpn", True), ("нов", True), ("текст", False)]
    assert len(index("VPN", " ".join(f"{number}а" for number in range(9_999)))) == page_words.MOST_OF_PAGE + 1
    assert index("Я" * 100, "я" * 60_000) == [("яяяяяя", True)]
    assert index("", "") == []


def test_a_vote_is_one_for_each_person_and_may_change(store: Database) -> None:
    page = add(store, "VPN")

    def vote(person: int, helped: bool, reader: Reader = EVERYBODY, of: int = page) -> None:
        store.run_here(lambda db: page_votes.vote(db, reader, of, person, helped, NOON), writes=True)

    def votes(person: int) -> page_votes.Votes:
        return store.run_here(lambda db: page_votes.votes(db, page, person))

    assert votes(ANNA) == (0, 0, None)
    vote(ANNA, True)
    vote(IRINA, True)
    vote(IRINA, False)
    assert votes(ANNA) == (1, 1, True) and votes(IRINA) == (1, 1, False)
    hidden, post = add(store, "Тайна", right=WRITER), add(store, "Новость", kind="post")
    for of in (hidden, post, 10**6):
        with pytest.raises(NotFound):
            vote(ANNA, True, of=of)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: vote(ANNA, number % 2 == 0), range(16)))
    assert sum(votes(ANNA)[:2]) == 2


def test_a_review_is_of_the_version_that_was_read(store: Database) -> None:
    page = add(store, "VPN", version=3)
    later = NOON + knowledge.STALE

    def review(version: int, of: int = page) -> None:
        store.run_here(lambda db: page_votes.review(db, ANNA, of, version, later), writes=True)

    def is_stale(now: datetime) -> bool:
        return store.run_here(lambda db: knowledge.tree(db, WRITES, now))[0].is_stale

    assert store.run_here(lambda db: page_votes.last_review(db, page)) is None
    assert is_stale(later) and not is_stale(later - timedelta(seconds=1))
    with pytest.raises(Conflict):
        review(2)
    with pytest.raises(NotFound):
        review(1, add(store, "Новость", kind="post"))
    review(3)
    found = store.run_here(lambda db: page_votes.last_review(db, page))
    assert found and found.at == later and found.by == "Анна Смирнова"
    assert not is_stale(later) and is_stale(later + knowledge.STALE)
