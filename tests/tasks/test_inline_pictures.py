"""A picture named in a text is that of the task's files, or is told by its name and address."""

from datetime import UTC, datetime

import pytest

from helpdesk.tasks.markup import inline_images
from helpdesk.tasks.markup import render as markup
from helpdesk.tasks.markup.inline_images import files_of, find
from helpdesk.tasks.model import Attachment, TextFormat
from tests.tasks.test_markup import EVERY_FORMAT, Reader, links, words

SITE = "https://redmine.example/pm"


def file(number: int, name: str, kind: str = "image/png", day: int = 1) -> Attachment:
    return Attachment(number, name, 1_000, kind, None, datetime(2026, 1, day, tzinfo=UTC))


FILES = files_of(
    7,
    [
        file(11, "clip.png", day=3),
        file(12, "Clip.PNG", day=2),
        file(13, "мой снимок (1).png"),
        file(14, "a+b.jpg", "image/jpeg"),
        file(15, "100%.gif", "image/gif"),
        file(16, "image001.png"),
        file(17, "план.pdf", "application/pdf"),
        file(18, "схема.svg", "image/svg+xml"),
        file(19, "без типа.webp", ""),
        file(20, "и\u0306.png"),
    ],
    [SITE, None],
)


@pytest.mark.parametrize(
    ("src", "number"),
    [
        ("clip.png", 11),
        ("CLIP.png", 11),
        ("мой снимок (1).png", 13),
        ("мой%20снимок%20(1).png", 13),
        ("%D0%BC%D0%BE%D0%B9+%D1%81%D0%BD%D0%B8%D0%BC%D0%BE%D0%BA+(1).png", 13),
        ("a+b.jpg", 14),
        ("a%2Bb.jpg", 14),
        ("100%.gif", 15),
        ("100%25.gif", 15),
        ("cid:image001.png@01DB1234.5678ABCD", 16),
        ("CID:Image001.PNG", 16),
        ("clip.png?1234", 11),
        ("/attachments/download/12/clip.png", 12),
        ("/attachments/12", 12),
        ("/attachments/thumbnail/12/200", 12),
        (f"{SITE}/attachments/download/12/clip.png", 12),
        ("/pm/attachments/12", 12),
        ("/tasks/7/files/12/view", 12),
        ("й.png", 20),
    ],
)
def test_a_file_is_found_however_the_text_names_it(src: str, number: int) -> None:
    found = find(FILES, src)
    assert found and found.id == number


@pytest.mark.parametrize(
    "src",
    [
        *("", "other.png", "folder/clip.png", "http://evil.example/clip.png", "//evil.example/attachments/12"),
        *("http://evil.example/attachments/download/12/clip.png", "/attachments/99", "/tasks/8/files/12/view", "cid:"),
        *("data:image/png", "file:///c:/clip.png", "https://redmine.example/attachments/12", "http://[", "%ff%fe"),
    ],
)
def test_no_other_picture_is_taken_for_a_file_of_the_task(src: str) -> None:
    assert find(FILES, src) is None


def shown(text: str, format: TextFormat = "html") -> str:
    def picture(it: markup.Picture) -> str:
        return inline_images.html(it, FILES, lambda kind, number: f"/tasks/7/files/{number}/{kind}")

    return str(markup.render(text, format, lambda number: f"/tasks/{number}", picture))


SOURCE: dict[TextFormat, tuple[str, str]] = {
    "textile": ("!clip.png(план)!", "!clip.png(план)!:https://x.example/y"),
    "markdown": ("![план](clip.png)", "[![план](clip.png)](https://x.example/y)"),
    "html": ("<img src=clip.png alt=план>", "<a href='https://x.example/y'><img src=clip.png alt=план></a>"),
}


@EVERY_FORMAT
def test_a_picture_of_the_files_is_shown_small_and_leads_to_the_larger_or_where_the_text_says(
    format: TextFormat,
) -> None:
    alone, linked = (shown(text, format) for text in SOURCE[format])
    for html, target in ((alone, "/tasks/7/files/11/view"), (linked, "https://x.example/y")):
        assert links(html) == [target]
        image = next(attributes for tag, attributes in Reader(html).tags if tag == "img")
        assert image["src"] == "/tasks/7/files/11/thumbnail" and image["alt"] == "план"
        assert (image["width"], image["height"], image["loading"]) == ("192", "144", "lazy")


@pytest.mark.parametrize(
    ("typed", "box"),
    [
        ("width=100 height=50", (100, 50)),
        ("width=100", (100, 75)),
        ("height=90", (120, 90)),
        ("style='width:400px;height:100px'", (400, 100)),
        ("width=9000 height=9000", (600, 600)),
        ("width=1 height=9999", (16, 600)),
        ("width=1 height=1", (16, 16)),
        ("width=50%", (192, 144)),
        ("width=-5 height=x", (192, 144)),
    ],
)
def test_a_size_that_the_text_wants_is_kept_within_bounds(typed: str, box: tuple[int, int]) -> None:
    html = shown(f"<img src=clip.png {typed}>")
    assert f'width="{box[0]}" height="{box[1]}"' in html
    assert ("/tasks/7/files/11/view 1600w" in html) == (max(box) > inline_images.THUMBNAIL)


@pytest.mark.parametrize(
    ("text", "told", "target"),
    [
        ("<img src='http://a.example/x.png'>", "http://a.example/x.png", "http://a.example/x.png"),
        ("<img src='http://a.example/x.png' alt=План>", "План (http://a.example/x.png)", "http://a.example/x.png"),
        ("<img src='http://t.example/o?id=5' width=1 height=1>", "t.example", "http://t.example/o?id=5"),
        ("<img src='другая%20схема.png'>", "другая схема.png", None),
        ("<img src='cid:part1@x' alt=Подпись>", "Подпись (cid:part1@x)", None),
        ("<img src='data:image/png;base64,AAAA'>", "data:image/png", None),
        ("<img src='file:///c:/x.png'>", "file:///c:/x.png", None),
        ("<img src='план.pdf'>", "план.pdf", "/tasks/7/files/17/file"),
        ("<img src='схема.svg'>", "схема.svg", "/tasks/7/files/18/file"),
        ("<img alt=Подпись>", "Подпись", None),
        ("<img src='javascript:alert(1)' alt=x>", "x", None),
        (
            "<a href='https://y.example'><img src='http://a.example/x.png'></a>",
            "http://a.example/x.png",
            "https://y.example",
        ),
    ],
)
def test_any_other_picture_is_named_and_never_loaded(text: str, told: str, target: str | None) -> None:
    html = shown(text)
    assert words(html) == told and links(html) == ([target] if target else [])
    assert "<img" not in html


def test_a_file_whose_type_nobody_told_is_shown_by_its_name() -> None:
    assert 'src="/tasks/7/files/19/thumbnail"' in shown("<img src='без%20типа.webp'>")


def test_nothing_that_a_text_says_of_a_picture_gets_out_of_its_attribute() -> None:
    html = shown("<img src=clip.png alt='\"><script>' title='\" onerror=\"alert(1)'>")
    (_, _), (tag, attributes) = Reader(html).tags
    assert tag == "img" and attributes["alt"] == '"><script>' and attributes["title"] == '" onerror="alert(1)'
    assert set(attributes) == {"src", "alt", "title", "width", "height", "loading"}


def test_the_same_text_shows_each_task_its_own_picture_though_it_is_worked_out_once() -> None:
    markup._pieces.cache_clear()
    shown("!clip.png!", "textile")
    elsewhere = str(markup.render("!clip.png!", "textile", lambda number: f"/tasks/{number}"))
    assert words(elsewhere) == "clip.png" and markup._pieces.cache_info()[:2] == (1, 1)


@pytest.mark.parametrize(
    ("text", "format", "seen"),
    [
        ("!http://srv:port/a.png!", "textile", "http://srv:port/a.png"),
        ("!http://srv:port/a.png(снимок)!", "textile", "снимок (http://srv:port/a.png)"),
        ("![снимок](http://srv:port/a.png)", "markdown", "снимок (http://srv:port/a.png)"),
        ("![a > b](http://srv:port/a.png)", "markdown", "a > b (http://srv:port/a.png)"),
        *(
            (f'<img alt="a &gt; b > c"{side} src="{src}">', "html", f"a > b > c ({src})")
            for side in ("", ' width="5"')
            for src in ("blob:https://h.ru/1", "x-apple-ql-id:///a.png", "webkit-fake-url://1/a", "smb://srv/x.png",
                        "attachment:a.png", "C:\\x\\a.png", "http://srv:port/a.png", "http://256.1.1.1/", "x:y")
        ),
        ("<img src=http://srv:port/a.png>", "html", "http://srv:port/a.png"),
        ("<img src='attachment:a.png' height=5>", "html", "attachment:a.png"),
    ],
)  # fmt: skip
def test_no_picture_vanishes_whatever_its_address(text: str, format: TextFormat, seen: str) -> None:
    assert words(shown(text, format)).startswith(seen)


def test_a_picture_is_named_by_its_source_alone() -> None:
    assert shown('<img data-src="clip.png" alt="имя">') == "имя"
    assert 'src="' not in shown('<b>&lt;img src="clip.png"></b> <img alt=\'x src="clip.png"\'>')
