"""Links to knowledge pages: `[[Title]]` in texts that are shown, and in texts for the backend, outside code."""

import re
from functools import partial

import pytest

from helpdesk.tasks.markup import page_links, render
from helpdesk.tasks.markup.page_links import MOST_LINKS, PageLink
from helpdesk.tasks.markup.render import Resolver
from helpdesk.tasks.model import TextFormat

PAGES = {"VPN": "https://help.test/posts/7", "Почта (дом)": "https://help.test/posts/8", "A&B": "https://help.test/9"}
FORMATS: tuple[TextFormat, ...] = ("markdown", "textile", "html")


def rewritten(text: str, format: TextFormat) -> str:
    return page_links.rewritten(text, format, PAGES.get)


def shown(text: str, format: TextFormat = "markdown") -> str:
    """The text as HTML, with each link to a page in angles."""

    def page(link: PageLink) -> str:
        return f"«{link.title}={link.words}»"

    resolver = Resolver(lambda number: f"/tasks/{number}", lambda picture: "", page)
    return str(render.beginning(text, format, resolver).html)


@pytest.mark.parametrize(
    ("format", "text", "becomes"),
    [
        ("markdown", "См. [[VPN]].", "См. [VPN](https://help.test/posts/7)."),
        ("markdown", "[[ VPN | наша *сеть* ]]", r"[наша \*сеть\*](https://help.test/posts/7)"),
        ("markdown", "[[Почта (дом)]], [[VPN]]", "[Почта (дом)](https://help.test/posts/8), [VPN](https://help.test/posts/7)"),
        ("textile", "См. [[VPN]].", 'См. "VPN":https://help.test/posts/7.'),
        ("textile", "[[VPN]]-клиент", '"VPN":https://help.test/posts/7 -клиент'),
        ("textile", "[[VPN|«сеть» \"VPN\"]]", '"«сеть» ”VPN”":https://help.test/posts/7'),
        ("textile", "[[Почта (дом)]]", '"Почта (дом) ":https://help.test/posts/8'),
        ("textile", "[[VPN|(важно)]]", '" (важно) ":https://help.test/posts/7'),
        ("html", "<p>См. [[VPN]].</p>", '<p>См. <a href="https://help.test/posts/7">VPN</a>.</p>'),
        ("html", "[[A&amp;B|a &lt; b]]", '<a href="https://help.test/9">a &lt; b</a>'),
    ],
)  # fmt: skip
def test_a_link_becomes_one_of_the_backends_markup(format: TextFormat, text: str, becomes: str) -> None:
    assert rewritten(text, format) == becomes
    words = re.sub("<[^>]+>", "", str(render.render(becomes, format, str)))
    assert "https" not in words and "[[" not in words, "it is read as a link"


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "text",
    [
        "[[Нет такой]]", "[[]]", "[[ ]]", "[[|VPN]]", "[VPN]", "[[VPN]", "[[VPN\n]]", "[[VPN|]]", "[[[VPN]]]",
        r"\[[VPN]]", "[[VPN]](https://other.test)", "[[V|P|N]]", "[[" + "V" * 101 + "]]",
    ],
)  # fmt: skip
def test_what_is_no_link_to_a_page_stays_as_it_was_typed(format: TextFormat, text: str) -> None:
    assert rewritten(text, format) == text


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("markdown", "`[[VPN]]`"),
        ("markdown", "`` ` [[VPN]] ``"),
        ("markdown", "`начало\n[[VPN]] конец`"),
        ("markdown", "```\n[[VPN]]\n```\n"),
        ("markdown", "```sh\n[[VPN]]\n```sh\n[[VPN]]"),
        ("markdown", "~~~\n[[VPN]]\n```\n[[VPN]]\n~~~\n"),
        ("markdown", "````\n```\n[[VPN]]\n````"),
        ("markdown", "> ```\n> [[VPN]]\n> ```\n"),
        ("markdown", "- ```\n  [[VPN]]\n  ```\n"),
        ("markdown", "Так:\n\n    [[VPN]]\n\t[[VPN]]\n"),
        ("markdown", "```\n[[VPN]]"),
        ("markdown", "<pre>\n\n[[VPN]]\n\n</pre> <code>[[VPN]]</code>"),
        ("markdown", "<!-- [[VPN]] --> <!-- > \n\n[[VPN]] <b> -->"),
        ("markdown", '<a href="/x">[[VPN]]</a> <img alt="[[VPN]]">'),
        ("markdown", "{{collapse([[VPN]])}}"),
        ("markdown", "[текст [[VPN]] и\nещё](https://x.test) [текст [[VPN]]][1]"),
        ("textile", "@[[VPN]]@"),
        ("textile", "{{collapse([[VPN]])}}"),
        ("textile", "<pre>\n[[VPN]]\n</pre>"),
        ("textile", "<pre><code>[[VPN]]</code></pre>"),
        ("textile", "<code>[[VPN]]</code> <notextile>[[VPN]]</notextile>"),
        ("textile", "<pre>[[VPN]]"),
        ("textile", "bc. [[VPN]]\n"),
        ("html", "<pre>[[VPN]]</pre><code>[[VPN]]</code>"),
        ("html", '<a href="/x">[[VPN]]</a><img alt="[[VPN]]">'),
        ("html", "<PRE class=x>[[VPN]]</p></PRE>"),
    ],
)
def test_code_stays_as_it_was_typed(format: TextFormat, text: str) -> None:
    assert rewritten(text, format) == text


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("markdown", "`code` [[VPN]] `code`"),
        ("markdown", "`` one ` [[VPN]]"),
        ("markdown", "```\ncode\n```\n[[VPN]]"),
        ("markdown", "``` code ``` [[VPN]]"),
        ("markdown", "- пункт\n- [[VPN]]\n> [[VPN]]"),
        ("markdown", "1 < 2 [[VPN]], 2 > 1"),
        ("markdown", "<pre>`code`</pre> [[VPN]] <!-- a --> [[VPN]] <br> [[VPN]] <https://x.test> [[VPN]]"),
        ("markdown", "[a] [[VPN]] [b](https://x.test) [[VPN]] {{toc}} [[VPN]]"),
        ("textile", "<pre>code</pre>\n\n[[VPN]] @code@ [[VPN]]"),
        ("textile", "bc. code\n\n[[VPN]]"),
        ("html", "<pre>code</pre>[[VPN]]<br>[[VPN]]"),
    ],
)
def test_a_text_beside_code_has_its_links(format: TextFormat, text: str) -> None:
    assert "posts/7" in rewritten(text, format) and "[[" not in rewritten(text, format)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_of_a_text_is_lost_where_no_page_is_known(format: TextFormat) -> None:
    text = "а\r\n\n  `б` @в@ <pre>г</pre>\n```\n[[VPN]]\n\n\n> ~~~ д [[x]]\n\x0b\x1c\u2028[[y]]\n"
    assert page_links.rewritten(text, format, lambda title: None) == text


def test_links_are_shown_outside_of_code_and_other_links() -> None:
    assert shown("См. [[VPN|сеть]], #12, [[ А&Б ]]!") == (
        '<p>См. «VPN=сеть», <a href="/tasks/12">#12</a>, «А&Б=А&Б»!</p>\n'
    )
    assert "«" not in shown("`[[VPN]]`\n\n    [[VPN]]\n\n[текст [[VPN]]](https://x.test)")
    assert shown("| a | b |\n|---|---|\n| [[VPN\\|сеть]] | x |\n").count("«VPN=сеть»") == 1
    assert shown("[[VPN]]", "textile") == "<p>«VPN=VPN»</p>"
    assert shown("*[[VPN]]*").count("«VPN=VPN»") == 1


@pytest.mark.parametrize("format", FORMATS)
def test_texts_of_tasks_have_no_links_to_pages(format: TextFormat) -> None:
    assert "[[VPN]]" in render.render("[[VPN]]", format, str)


def test_the_same_text_is_shown_anew_to_each_reader() -> None:
    def to(reader: str, link: PageLink) -> str:
        return f"{link.title} {reader}"

    for reader in ("anna", "irina"):
        resolver = Resolver(str, lambda picture: "", partial(to, reader))
        assert render.beginning("[[VPN]]", "markdown", resolver).html == f"<p>VPN {reader}</p>\n"


def test_titles_are_read_each_once_and_only_so_many() -> None:
    assert page_links.titles("[[a]] [[ a ]] [[b|c]] [[]]", "markdown") == ["a", "b"]
    assert page_links.titles("[[a&amp;b]]", "html") == ["a&b"]
    assert len(page_links.titles(" ".join(f"[[{number}]]" for number in range(500)), "markdown")) == MOST_LINKS


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    "piece",
    [
        "[[",
        "[[a]]",
        "`",
        "`` ",
        "```\n",
        "@",
        "<pre>",
        "<",
        "</a",
        "~~~\n",
        "> ",
        "\n\t\n",
        "<!--",
        "<!-- -->",
        "{{",
        "{{a",
        "[a",
        "[a [[b]]",
        "[a [[b]] ",
    ],
)
def test_hostile_repetitions_take_linear_time(format: TextFormat, piece: str) -> None:
    """What is quadratic takes minutes for a megabyte, and this test would be ended for it."""
    text = piece * (1_000_000 // len(piece))
    assert page_links.rewritten(text, format, lambda title: None) == text
