"""Addresses in a text are found whole, and nothing that stands around them."""

import pytest

from helpdesk.tasks.markup.autolinks import find_links
from helpdesk.tasks.markup.render import render
from helpdesk.tasks.model import TextFormat
from tests.tasks.reading import Reading


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("см. https://ru.wikipedia.org/wiki/A_(b).", "https://ru.wikipedia.org/wiki/A_(b)"),
        ("(https://ru.wikipedia.org/wiki/A_(b))", "https://ru.wikipedia.org/wiki/A_(b)"),
        ("(см. https://h.ru/x)", "https://h.ru/x"),
        ("(https://h.ru/x), [https://h.ru/y]; {https://h.ru/z}!", "https://h.ru/x https://h.ru/y https://h.ru/z"),
        ("https://h.ru/x[1]?a[]=b", "https://h.ru/x[1]?a[]=b"),
        ("«https://h.ru/x», “https://h.ru/y” 'https://h.ru/z' \"https://h.ru/w\"",
         "https://h.ru/x https://h.ru/y https://h.ru/z https://h.ru/w"),
        ("https://h.ru/Bob's_x https://h.ru/a,b;c=d https://h.ru/C++", "https://h.ru/Bob's_x https://h.ru/a,b;c=d https://h.ru/C++"),
        ("https://h.ru/x... https://h.ru/x?! https://h.ru:8080/?a=b&c=%20#d.", "https://h.ru/x https://h.ru/x https://h.ru:8080/?a=b&c=%20#d"),
        ("www.h.ru, (www.h.ru/x_(y)) WWW.H.RU", "www.h.ru www.h.ru/x_(y) WWW.H.RU"),
        ("ftp://h.ru/x. ftps://h.ru sftp://u@h.ru/x", "ftp://h.ru/x ftps://h.ru sftp://u@h.ru/x"),
        ("ivan@h.ru, <anna.p+x@mail.h.ru>; mailto:boris@h.ru.", "ivan@h.ru anna.p+x@mail.h.ru boris@h.ru"),
        ("почта:ivan@h.ru отivan@h.ru --ivan@h.ru", "ivan@h.ru ivan@h.ru ivan@h.ru"),
        ("[cid:image001.png@01D9A1.2B3C4D50] cid:ii_x@mail.h.ru", ""),
        ("image002.jpg@01DB4F5A.0F3C8E10 a.png@ABCDEFAB.ABCDEFAB", ""),
        ("react@18.2.0 vue@3.4.0-rc.1 root@192.168.0.1 sum@3.5 a@1.x9 a@h.r a@h.ru.5 x@2x.webp", ""),
        ("ivan@h.xn--p1ai ivan@mail.h-1.online. ivan@h.ru.Спасибо ivan@h.ruдом ivan@h.ru- ivan@h.ru-x",
         "ivan@h.xn--p1ai ivan@mail.h-1.online ivan@h.ru ivan@h.ru ivan@h.ru"),
        ("ivan@пример.рф, ivan@mail.пример.РФ. ivan@пример.рфы", "ivan@пример.рф ivan@mail.пример.РФ"),
        ("#12, (#13) http://h.ru/#14", "#12 #13 http://h.ru/#14"),
        ("#1,#2;#3; x;#4", "#1 #2 #3 #4"),
        ("http:// http://) www. www.. a@b @ivan @ivan@h x@2x.png a.www.h.ru xhttp://h.ru http:/h.ru", ""),
        ("postgres://u:p@h.ru/x#1 file:///srv/#2 git+ssh://git@h.ru/x foo://", ""),
    ],
)  # fmt: skip
def test_an_address_is_recognised_and_ends_in_the_right_place(text: str, shown: str) -> None:
    assert " ".join(text[found.start : found.end] for found in find_links(text)) == shown


@pytest.mark.parametrize("unseen", "\u00ad\u061c\u200b\u200e\u200f\u2028\u202a\u202e\u2060\u2066\u2069\ufeff")
@pytest.mark.parametrize("typed", ["см. $ ok", "'$'", '"x":$', "!x.png!:$"])
def test_characters_that_nobody_sees_are_no_part_of_an_address(typed: str, unseen: str) -> None:
    html = str(render(typed.replace("$", f"https://h.ru/x{unseen}y"), "textile", str))
    assert Reading(html).links == ["https://h.ru/x"]


def test_where_addresses_lead() -> None:
    text = "www.h.ru ivan@h.ru ftp://h.ru/ #12"
    found = [(each.href, each.task) for each in find_links(text)]
    assert found == [("http://www.h.ru", 0), ("mailto:ivan@h.ru", 0), ("ftp://h.ru/", 0), ("", 12)]


@pytest.mark.parametrize("format", ["textile", "markdown", "html"])
def test_addresses_are_links_in_every_format(format: TextFormat) -> None:
    html = str(render("(https://h.ru/A_(b)), www.h.ru, ftp://h.ru/x, ivan@h.ru.", format, str))
    assert Reading(html).links == ["https://h.ru/A_(b)", "http://www.h.ru", "ftp://h.ru/x", "mailto:ivan@h.ru"]
    assert Reading(html).text.replace(" ", "").strip() == "(https://h.ru/A_(b)),www.h.ru,ftp://h.ru/x,ivan@h.ru."


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("textile", '@www.h.ru a@h.ru@ "www.h.ru":https://x.ru/y <pre>a@h.ru</pre>'),
        ("markdown", "`www.h.ru a@h.ru` [a@h.ru](https://x.ru/y)\n\n```\nwww.h.ru\n```"),
        ("html", "<code>www.h.ru</code><a href='https://x.ru/y'>a@h.ru</a><pre>www.h.ru</pre>"),
    ],
)
def test_nothing_is_linked_in_code_and_in_links(format: TextFormat, text: str) -> None:
    assert Reading(str(render(text, format, str))).links == ["https://x.ru/y"]
