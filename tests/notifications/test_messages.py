"""Notifications in words, and how what was said is shortened."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk.errors import Sentence
from helpdesk.languages import say
from helpdesk.notifications import messages, plain_text
from helpdesk.notifications.kinds import READERS, TYPES, Kind
from helpdesk.notifications.messages import OF_NO_TASK, TITLES, excerpts, message
from helpdesk.notifications.plain_text import ELLIPSIS, LONGEST_EXCERPT, excerpt
from helpdesk.store.models.notifications import NotificationRow
from helpdesk.tasks.feed import Change, Event
from helpdesk.tasks.model import Member
from helpdesk.texts import subject_of

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACT = Event(
    "journal.1", 7, "Принтер 100 %s", 1, "Офис", NOW, Member(2, "Анна %(x)s"),
    notes="Сделано", status=Change("Новая", "В работе"), priority=Change("Обычный", "Срочный"),
    files=("a.png", "b.txt"),
)  # fmt: skip


def row_of(event: Event, kind: Kind) -> NotificationRow:
    return messages.notification(event, 2, kind, excerpts(event))


def row(
    kind: str, subject: str = "", author: str = "", old: str = "", new: str = "", excerpt: str = ""
) -> NotificationRow:
    told = row_of(ACT, "changed")
    return told._replace(kind=kind, subject=subject, author=author, old=old, new=new, excerpt=excerpt)


def said(language: str, told: NotificationRow) -> tuple[str, str]:
    words = message(told)
    return say(language, words.title), say(language, words.message)


@pytest.mark.parametrize(
    ("kind", "language", "title", "message"),
    [
        ("commented", "en", "Анна %(x)s commented on #7", "Принтер 100 %s · Status: Новая → В работе · Сделано"),
        ("commented", "ru", "Анна %(x)s комментирует задачу #7", "Принтер 100 %s · Статус: Новая → В работе · Сделано"),
        ("priority", "en", "The priority of #7 is now Срочный",
         "Принтер 100 %s · Priority: Обычный → Срочный · Сделано"),
        ("status", "ru", "Статус задачи #7 теперь «В работе»", "Принтер 100 %s · Статус: Новая → В работе · Сделано"),
        ("files", "en", "Анна %(x)s added to the files of #7",
         "Принтер 100 %s · Status: Новая → В работе · a.png, b.txt"),
        ("taken", "en", "#7 is no longer assigned to you", "Принтер 100 %s · Status: Новая → В работе · Сделано"),
    ],
)  # fmt: skip
def test_a_notification_is_in_the_readers_language(kind: Kind, language: str, title: str, message: str) -> None:
    assert said(language, row_of(ACT, kind)) == (title, message)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("kind", TYPES)
def test_every_kind_has_its_own_words(kind: Kind, language: str) -> None:
    assert set(TITLES) == set(TYPES)
    titles = [said(language, row_of(ACT, each))[0] for each in TYPES]
    assert titles.count(said(language, row_of(ACT, kind))[0]) == 1


@pytest.mark.parametrize(
    ("kind", "excerpt", "language", "message"),
    [
        ("answer_near", "240 61", "en", "Принтер · Working time left: 1 h 1 min of 4 h"),
        ("solution_near", "45 5", "ru", "Принтер · Осталось рабочего времени: 5 мин из 45 мин"),
        ("solution_over", "2880 0", "ru", "Принтер · Обещано рабочего времени: 48 ч"),
        ("answer_over", "garbage", "en", "Принтер"),
    ],
)
def test_a_warning_tells_the_working_time(kind: Kind, excerpt: str, language: str, message: str) -> None:
    assert said(language, row(kind, "Принтер", excerpt=excerpt))[1] == message


def test_a_new_task_is_told_with_the_beginning_of_its_description() -> None:
    new = ACT._replace(is_new=True, notes="Не печатает\r\nвторой *лоток*.", status=None, priority=None, files=())
    assert said("en", row_of(new, "created")) == (
        "Анна %(x)s created #7", "Принтер 100 %s · Не печатает второй *лоток*."
    )  # fmt: skip


def test_a_missing_name_leaves_no_gap() -> None:
    bare = ACT._replace(by=None, notes="", status=None, priority=None)
    assert said("en", row_of(bare, "changed")) == ("Somebody changed #7", "Принтер 100 %s")
    assert said("ru", row_of(bare, "changed")) == ("Кто-то изменяет задачу #7", "Принтер 100 %s")
    assert said("en", row_of(bare, "status"))[0] == "Somebody changed #7"
    assert said("en", row("of another version", "x", "Anna"))[0] == "Anna changed #7"
    new = bare._replace(is_new=True, status=Change("", "New"))
    assert said("en", row_of(new, "created")) == ("Somebody created #7", "Принтер 100 %s")


def test_what_is_about_no_task_has_a_text_and_readers() -> None:
    assert OF_NO_TASK.keys() == READERS.keys() <= TITLES.keys()


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.sampled_from([*TITLES, "", "x"]))
@example("Status", "", "", "changed")
@example("%(who)s %d", "%(task)s", "%", "status")
def test_no_value_is_taken_for_a_sentence_or_a_place(subject: str, name: str, words: str, kind: str) -> None:
    told = row(kind, subject, name, words, words, words)
    for language in ("en", "ru"):
        title, message = said(language, told)
        first, last = (say(language, Sentence("%(it)s", {"it": it})) for it in (subject_of(subject), words))
        if kind == "post" or READERS.get(kind) in ("monitor", "promises", "quality"):
            assert first in title and (kind != "post" or message.endswith(last))
        elif kind in OF_NO_TASK:
            assert title == said(language, row(kind))[0] and message == said(language, row(kind))[1]
        elif TYPES.get(kind) == "promise":
            assert "#7" in title and message.startswith(first)
        else:
            assert "#7" in title and message.startswith(first) and message.endswith(last)


@given(st.text(max_size=600) | st.text("ab \n", min_size=150, max_size=400))
@example("x" * 199 + " y")
@example("x" * 200)
@example("x" * 201)
@example("> " + "x" * 500)
def test_an_excerpt_is_one_line_that_ends_with_a_word(text: str) -> None:
    short = excerpt(text)
    assert len(short) <= LONGEST_EXCERPT and short == " ".join(short.split())
    if short.endswith(ELLIPSIS) and ELLIPSIS not in text and " " in short:
        assert set(short[:-1].split()) <= set(excerpt_source(text))


def excerpt_source(text: str) -> list[str]:
    """The words of a text that has no markup; where it might have some any word will do."""
    line = " ".join(text.split())
    return line.split() if line.isascii() and line.replace(" ", "").isalpha() else excerpt(text)[:-1].split()


@pytest.mark.parametrize(
    "character", ["e\u0301", "\U0001f44d\U0001f3fd", "\U0001f468\u200d\U0001f469\u200d\U0001f466",
                  "\U0001f1f7\U0001f1fa", "❤\ufe0f", "\u1112\u1161\u11ab", "नि"],
)  # fmt: skip
@pytest.mark.parametrize("before", range(8))
def test_no_character_is_cut_in_half(character: str, before: int) -> None:
    short = excerpt("x" * before + character * 300).removesuffix(ELLIPSIS)
    assert short == "x" * before + character * ((len(short) - before) // len(character))
    assert LONGEST_EXCERPT - len(character) - 1 <= len(short) < LONGEST_EXCERPT


@given(st.text("x" + "\u0301\u0308\u200d", min_size=300, max_size=400))
@example("x" + "\u0301" * 400)
def test_a_character_without_end_is_cut_all_the_same(text: str) -> None:
    short = excerpt(text)
    assert 1 < len(short) <= LONGEST_EXCERPT and short.endswith(ELLIPSIS)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Сделано.\r\n\r\nСпасибо ", "Сделано. Спасибо"),
        ("<p>Сделано&nbsp;<b>вс</b>ё</p><p>5 &lt; 6</p>", "Сделано всё 5 < 6"),
        ("Анна пишет:\n> когда?\nЗавтра", "Анна пишет: Завтра"),
        ("> когда?", "> когда?"),
        ("<blockquote>когда?</blockquote>", "когда?"),
        ("ssh <login>@<host>, if a < b", "ssh <login>@<host>, if a < b"),
        ("a\x00b\u202ec\ud800", "abc"),
        (f"Сделано &#{'9' * 5_000}; &#{'0' * 5_000}65; &#{'0' * 5_000};", "Сделано \ufffd A \ufffd"),
        ("", ""),
        ("слово " * 60, "слово " * 32 + "слово…"),
        ("<STYLE>p {}</style ><!--[if mso]><xml>9</xml><![endif]--><p>Сделано</p>", "Сделано"),
        (f"<img src='data:image/png;base64,{'A' * 200_000}'>Сделано", "Сделано"),
        ("<style>и --> так <!-- бывает", "<style>и --> так <!-- бывает"),
    ],
)
def test_an_excerpt_is_what_the_writer_said(text: str, line: str) -> None:
    assert excerpt(text) == line


def test_a_composed_letter_is_one_character() -> None:
    assert excerpt(unicodedata.normalize("NFD", "й") * 200)[-2] == "\u0306"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    ["<p ", "<blockquote>", "&", "<", ">", "\u0301", "\U0001f1f7", "\n>", " ", "\n ", "<style>", "<!--", "<img "],
)
def test_hostile_repetitions_are_shortened(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the bound, and in seconds: what is quadratic in any of them takes minutes."""
    monkeypatch.setattr(plain_text, "LONGEST_READ", 10_000_000)
    assert len(excerpt(piece * (200_000 // len(piece)))) <= LONGEST_EXCERPT
