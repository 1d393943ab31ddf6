"""HTML of mail: what nobody reads is cut before any limit counts, and nothing that somebody wrote is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.tasks.markup import html_source
from helpdesk.tasks.markup import render as markup
from helpdesk.tasks.markup.render import Resolver, parts, render
from helpdesk.tasks.safe_html import sanitize
from tests.tasks.test_markup import words

RESOLVER = Resolver(lambda number: f"/tasks/{number}", str)
OUTLOOK = """<html xmlns:v="urn:schemas-microsoft-com:vml"><head><meta name=Generator content="Word 15">
<!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}</style><![endif]-->
<style><!-- p.MsoNormal {margin:0cm; font-family:"Calibri",sans-serif;} --></style>
<!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" spidmax="1026" /></xml><![endif]--></head>
<body lang=RU link="#0563C1" style='word-wrap:break-word'><xml><w:View>Normal</w:View></xml><div class=WordSection1>
%s
</div></body></html>"""
PARAGRAPH = (
    "<p class=MsoNormal style='mso-margin-top-alt:auto'><span lang=EN-US style='font-size:11.0pt'>слово%d<o:p></o:p>"
    '</span></p><img width=300 style="width:3.125in;height:2in" alt="схема%d" src="data:image/png;base64,%s">'
    "<![if !vml]>тоже%d<![endif]><!--[if mso]>для Outlook<![endif]-->"
)


def mail(count: int, data: int) -> str:
    return OUTLOOK % "".join(PARAGRAPH % (n, n, "iVBORw0KGgo" * (data // 11), n) for n in range(count))


def shown(html: str) -> str:
    return str(render(html, "html", lambda number: f"/tasks/{number}"))


def all_shown(html: str) -> list[str]:
    return [str(part.html) for part in parts(html, "html", RESOLVER)]


def test_a_mail_of_megabytes_of_pictures_and_styles_is_shown_whole() -> None:
    source = mail(40, 100_000)
    html = shown(source)
    assert len(source) > 4_000_000 and len(all_shown(source)) == 1
    assert html.count("<p>слово") == 40 and html.count("тоже") == 40 and "схема39 (data:image/png)" in html
    assert not any(
        each in html for each in ("iVBOR", "Mso", "Calibri", "behavior", "Outlook", "Normal", "endif", "&lt;")
    )


def test_a_mail_too_long_even_so_is_shown_in_parts_that_are_html_and_hold_all_of_it() -> None:
    source = mail(2_500, 100)
    shown_parts = all_shown(source)
    assert len(shown_parts) > 1 and all("&lt;" not in each and "<pre>" not in each for each in shown_parts)
    found = re.findall("слово[0-9]+|тоже[0-9]+|схема[0-9]+", "".join(map(words, shown_parts)))
    assert found == [f"{what}{n}" for n in range(2_500) for what in ("слово", "схема", "тоже")]


def test_each_part_opens_again_what_was_open() -> None:
    rows = "".join(f"<tr><td>имя{n}<td>место{n}" for n in range(100))
    for part in html_source.parts(f"<blockquote><table><tbody>{rows}</table></blockquote>", 1_000):
        clean = sanitize(part)
        assert clean.startswith("<blockquote><table><tbody><tr><td>имя") and clean.endswith("</table></blockquote>")
        assert clean.count("<tr>") == clean.count("имя") == clean.count("место")


@pytest.mark.parametrize("open", ["<!--", "<style>", "<title>", "<b", "<a href='x", "<!x", "<xml>", "<head>"])
def test_an_unclosed_tag_swallows_nothing(open: str) -> None:
    assert "важно" in words(shown(f"до {open} важно"))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<!--> a <!---> b <!-- c --> d", "a b d"),
        ("<!--[if !mso]><!-->a<!--<![endif]-->", "a"),
        ("<IMG ALT='x>y' SRC=a.png>", "x>y (a.png)"),
        (
            "<host> <http://x.example/y> </имя> <ERROR code=5> <o:p>a</o:p>",
            "<host> <http://x.example/y> </имя> <ERROR code=5> a",
        ),
        ("Иван <ivan@example.test> и 2 <3 <- & <", "Иван <ivan@example.test> и 2 <3 <- & <"),
        ("<script>a</SCRIPT >b<style>c</style\n>d<svg/>e<svg><text>f</text></svg>g", "bdeg"),
        ("<header>a</header>", "a"),
        ('<a title="&quot;" href=\'http://x.example/?a="b"\'>c</a>', "c"),
    ],
)
def test_tags_are_read_as_a_browser_reads_them(source: str, expected: str) -> None:
    assert " ".join(words(shown(source)).split()) == expected


def test_a_picture_keeps_the_size_that_its_style_says() -> None:
    html = html_source.without_ballast("<img style='WIDTH: 300px; height:20.5px' class=x src='a.png'>")
    assert html == '<img src="a.png" width="300" height="20">'


TAGS = (
    "p",
    "div",
    "b",
    "i",
    "td",
    "tr",
    "table",
    "ul",
    "li",
    "blockquote",
    "h2",
    "pre",
    "span",
    "font",
    "o:p",
    "center",
)
SCRAPS = (
    st.sampled_from([f"<{tag} class=x style='a:b'>" for tag in TAGS])
    | st.sampled_from([f"</{tag}>" for tag in TAGS])
    | st.sampled_from(["<br>", "<!-- x -->", "<style>y</style>", "&nbsp;", "&lt;", " < ", "<img>", "<p", "<!--", "\n"])
    | st.integers(1, 9).map(lambda count: "@ " * count)
)


@given(st.lists(SCRAPS, max_size=120), st.sampled_from([60, 200, 1_000]))
def test_all_words_are_in_the_parts_and_none_twice(scraps: list[str], limit: int) -> None:
    scraps = [each for each in scraps if each not in ("<p", "<!--")] + [each for each in scraps if each == "<!--"][:1]
    numbers = iter(range(100_000))
    source = re.sub("@", lambda found: f"слово{next(numbers)}", "".join(scraps))
    found = [
        word for part in html_source.parts(source, limit) for word in re.findall("слово[0-9]+", words(sanitize(part)))
    ]
    assert sorted(found) == sorted(f"слово{n}" for n in range(next(numbers)))


HOSTILE = [
    *("<!--", "<style>", "<svg>", "<head>", "<div>", "<a ", '<a b="', '="<a', "<x>", "<", "a", "<!", "<p>x", "<p><b>x"),
    *("<table><tr><td>", "<a b='>", "&nbsp;", "</p>", "<li>x", "<p x=\"'><p x='\">", "<a b=c ", "<!--[if mso]>", "&"),
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("scrap", HOSTILE)
def test_half_a_megabyte_of_anything_is_cut_in_time(scrap: str) -> None:
    """A part of it looks at a bounded number of tags; a search for an end that is not there is not repeated."""
    source = scrap * (500_000 // len(scrap))
    first = next(html_source.parts(source, markup.LIMITS["html"]), "")
    assert len(first) <= markup.LIMITS["html"] + html_source.LONGEST_PIECE
    assert len(shown(source)) < 1_000_000


def test_elements_are_not_nested_without_end() -> None:
    assert shown("<div>" * 100_000 + "дно" + "</div>" * 100_000).count("<div>") <= html_source.DEEPEST
    assert "дно" in "".join(all_shown("<div>" * 100_000 + "дно" + "</div>" * 100_000))
