"""Text from outside becomes HTML that is safe, cheap to make, and readable."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpdesk.tasks.markup import render as markup
from helpdesk.tasks.markup.render import render
from helpdesk.tasks.model import TextFormat

FORMATS: tuple[TextFormat, ...] = ("textile", "markdown", "html")
EVERY_FORMAT = pytest.mark.parametrize("format", FORMATS)

# Written down here once more, so that a wider list in the code is noticed.
TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "div", "dl", "dt", "em"),
    *("h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp", "small"),
    *("strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var"),
}
ATTRIBUTES = {
    "a": {"href", "title", "rel"},
    "abbr": {"title"},
    "li": {"value"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
PREFIXES = ("http://", "https://", "ftp://", "ftps://", "sftp://", "mailto:", "/", "?", "#")


def shown(text: str, format: TextFormat) -> str:
    return str(render(text, format, lambda number: f"/tasks/{number}"))


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)

    handle_comment = handle_decl = handle_pi = unknown_decl


def links(html: str) -> list[str]:
    return [str(attributes.get("href")) for tag, attributes in Reader(html).tags if tag == "a"]


def words(html: str) -> str:
    return "".join(Reader(html).words)


def assert_safe(html: str) -> None:
    for tag, attributes in Reader(html).tags:
        assert tag in TAGS
        assert set(attributes) <= ATTRIBUTES.get(tag, set()), (tag, attributes)
        address = attributes.get("href") or "/"
        assert address.lower().startswith(PREFIXES) or ":" not in re.split("[/?#]", address)[0], address
        assert not address.startswith(("//", "/\\", "\\")), address


HOSTILE = [
    "<script>alert(1)</script>after",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<style>body{background:url(javascript:alert(1))}</style>after",
    "<svg onload=alert(1)><animate onbegin=alert(1)></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<img src=x onerror=alert(1) alt='<script>alert(1)</script>'>",
    "<iframe src=javascript:alert(1)></iframe><form action=/users/logout><button>go</button></form>",
    "<p style='width:expression(alert(1))' onclick=alert(1) id=login class=admin>x</p>",
    "<a href='javascript:alert(1)'>x</a><a href=' jav\tascript:alert(1)'>y</a><a href=JaVaScRiPt&colon;alert(1)>z</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a><a href=vbscript:x>y</a>",
    "<a href='//evil.example'>x</a><a href='/\\evil.example'>y</a><a href='/\t/evil.example'>z</a>",
    "<b><i><u><table><td><a href=x",
    "<h1>page</h1></div></main></body><h2 onmouseover=x>title</h2>",
    '"x":javascript:alert(1) "y":data:text/html,x !javascript:alert(1)! !x.png!:javascript:alert(1)',
    '%{background:url(javascript:alert(1))}x% p{color:red}. y "(c){d}x(t)":http://a.example/"onclick="alert(1)',
    "==<script>alert(1)</script>== <notextile><script>alert(1)</script></notextile> @<script>@",
    "[x](javascript:alert(1)) [y](<javascript:alert(1)>) [z]( data:text/html;base64,x) <javascript:alert(1)>",
    "![a](javascript:alert(1)) [q](//evil.example) [r]: javascript:alert(1)\n[r] [w](\x01javascript:alert(1))",
    '[a](http://x.example/"onmouseover=alert(1)//) `<script>` ```<script>\n<script>',
    "http://a.example/<script>alert(1)</script>\"onclick='x' https://x.example/'\"><svg/onload=alert(1)>",
]


@EVERY_FORMAT
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_survives(text: str, format: TextFormat) -> None:
    assert_safe(shown(text, format))


@given(st.text(max_size=300) | st.lists(st.sampled_from([*HOSTILE, *"<>\"'&#|*_[]()!:=@\n `"])).map("".join))
@example("<p title=x lang=y>")
@example("\x00\ud800#1")
@example('"[":http://[')
@example("*\U000f0000script\U000f0001* &#983040;img \x01 &#0; &#1114112; &#xd800;")
def test_no_text_whatever_raises_or_leaves_the_allow_list(text: str) -> None:
    for format in FORMATS:
        assert_safe(shown(text, format))


def test_the_content_of_scripts_and_styles_is_not_shown() -> None:
    assert shown("<script>one</script><style>two</style><title>three</title>four", "html") == "four"


def test_markup_that_a_person_types_as_html_is_shown_in_textile_and_markdown_not_obeyed() -> None:
    for format in ("textile", "markdown"):
        assert "<b>x</b> Ivan <ivan@x" in words(shown("<b>x</b> Ivan <ivan@x", format))


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("textile", '"x":javascript:alert(1) "y":vbscript:x'),
        ("markdown", "[x](javascript:alert(1)) <a href='javascript:alert(1)'>y</a>"),
        ("html", "<a href='javascript:alert(1)'>x</a>"),
    ],
)
def test_a_javascript_link_is_no_link_in_any_format(format: TextFormat, text: str) -> None:
    assert [link for link in links(shown(text, format)) if link != "None"] == []


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("textile", '"x":https://a.example/b?c=1&d=2#e'),
        ("markdown", "[x](https://a.example/b?c=1&d=2#e)"),
        ("html", '<a href="https://a.example/b?c=1&amp;d=2#e" target=_blank>x</a>'),
    ],
)
def test_a_link_to_elsewhere_keeps_its_address_and_tells_nobody_where_it_came_from(
    format: TextFormat, text: str
) -> None:
    assert Reader(shown(text, format)).tags[-1] == (
        "a",
        {"href": "https://a.example/b?c=1&d=2#e", "rel": "noopener noreferrer nofollow"},
    )


def test_a_bare_address_becomes_a_link_without_the_full_stop_after_it() -> None:
    assert links(shown("См. https://a.example/x?y=1#12. И (http://b.example)", "textile")) == [
        "https://a.example/x?y=1#12",
        "http://b.example",
    ]


@EVERY_FORMAT
def test_a_task_number_becomes_a_link(format: TextFormat) -> None:
    html = shown("#12 и (#13), см. #14.", format)
    assert links(html) == ["/tasks/12", "/tasks/13", "/tasks/14"]
    assert words(html).strip() == "#12 и (#13), см. #14."


@EVERY_FORMAT
@pytest.mark.parametrize(
    "text", ["#0", "#x", "a#1", "/#1", "##1", "#1a", "#12345678901", "&#123;", "&amp;#123;", "№#ж"]
)
def test_text_that_only_looks_like_a_task_number_stays_text(text: str, format: TextFormat) -> None:
    assert links(shown(text, format)) == []


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("textile", '@#1@ "#2":https://a.example/#3 <pre>\n#4\n\n#5</pre>'),
        ("markdown", "`#1` [#2](https://a.example/#3)\n\n```\n#4\n\n#5\n```"),
        ("html", "<code>#1</code><a href='https://a.example/#3'><b>#2</b></a><pre>#4<i>#5</i></pre>"),
    ],
)
def test_a_number_within_code_or_a_link_stays_text(format: TextFormat, text: str) -> None:
    html = shown(text, format)
    assert links(html) == ["https://a.example/#3"]
    assert all(f"#{number}" in words(html) for number in (1, 2, 4, 5))


def test_the_address_of_a_task_is_escaped_and_asked_for_each_time() -> None:
    assert 'href="/a?x=&#34;&amp;n=7"' in render("#7", "html", lambda number: f'/a?x="&n={number}')
    assert links(str(render("#7", "html", lambda number: f"/other/{number}"))) == ["/other/7"]


@EVERY_FORMAT
def test_a_picture_from_elsewhere_is_told_by_its_name_and_address(format: TextFormat) -> None:
    source = {
        "textile": "до !http://a.example/x.png(схема <1>)! после",
        "markdown": "до ![схема <1>](http://a.example/x.png) после",
        "html": "до <img src='http://a.example/x.png' alt='схема &lt;1&gt;'> после",
    }
    html = shown(source[format], format)
    assert words(html).strip() == "до схема <1> (http://a.example/x.png) после"
    assert links(html) == ["http://a.example/x.png"] and "<img" not in html


def test_headings_stay_below_the_two_of_the_page() -> None:
    assert shown("<h1>a</h1><h2>b</h2><h6>c</h6>", "html") == "<h3>a</h3><h4>b</h4><h6>c</h6>"
    assert shown("h1. a", "textile") == "<h3>a</h3>"
    assert shown("# a", "markdown").strip() == "<h3>a</h3>"


def test_russian_textile_reads_as_in_redmine() -> None:
    html = shown(
        '*Ёж* и _ёлка_ -- *a* "q"\nвторая\n\n* раз\n* два\n## три\n\n|_. Имя|_. Этаж|\n|Ия|5|\n\n---', "textile"
    )
    assert "<p><strong>Ёж</strong> и <em>ёлка</em> -- <strong>a</strong> &#34;q&#34;<br>\nвторая</p>" in html
    assert html.count("<li>") == 3 and "<ol>" in html
    assert html.count("<th>") == 2 and "<td>5</td>" in html
    assert html.endswith("<hr>")


def test_a_list_item_keeps_its_second_line() -> None:
    assert "<li>раз<br>ещё</li>" in shown("* раз\nещё\n* два", "textile").replace("<br>\n", "<br>")


def test_textile_code_is_shown_as_it_was_typed() -> None:
    html = shown('@a<b & "c"@ и <code>x -> y</code>\n<pre><code class="ruby">\n* a\n\n<b> & #1</code></pre>', "textile")
    assert "<code>a&lt;b &amp; &#34;c&#34;</code> и <code>x -&gt; y</code>" in html
    assert words(html).endswith("* a\n\n<b> & #1")


def test_quoted_mail_in_textile_nests() -> None:
    assert shown("> ответ\n> > вопрос\n\nспасибо", "textile") == (
        "<blockquote><p>ответ</p><blockquote><p>вопрос</p></blockquote></blockquote><p>спасибо</p>"
    )


@pytest.mark.parametrize(
    "text", ["###. важно", "note#a. важно", "; важно: да", "- важно := да", "[1] важно", "[x]важно"]
)
def test_no_rare_textile_construct_swallows_what_was_written(text: str) -> None:
    assert words(shown(text, "textile")).strip() == text


def test_markdown_breaks_lines_and_knows_tables_and_strikethrough() -> None:
    html = shown("раз\nдва ~~три~~\n\n|a|b|\n|-|-|\n|1|2|", "markdown")
    assert "раз<br>\nдва <s>три</s>" in html
    assert "<td>2</td>" in html


def test_html_mail_keeps_its_bold_words_and_loses_their_attributes() -> None:
    html = shown('<font color=red>a</font><b style="x" id=y>b</b><td colspan="900000">c', "html")
    assert html == "a<b>b</b>c"
    assert shown("<table><tr><td colspan=2 rowspan=99999>x", "html").count("span") == 1


def test_a_long_log_between_pre_tags_costs_nothing_and_is_complete() -> None:
    log = "2024-01-01 [x] *a* -b- |c|\n" * 2000
    html = shown(f"*Журнал*\n<pre>{log}</pre>\n*конец*", "textile")
    assert html.startswith("<p><strong>Журнал</strong></p><pre>") and html.endswith("<strong>конец</strong></p>")
    assert html.count("|c|") == 2000


def test_a_paragraph_tangled_on_purpose_leaves_its_neighbours_alone() -> None:
    html = shown("*до*\n\n" + "*_-|" * 3000 + "<b>\n\n*после*", "textile")
    assert "<strong>до</strong>" in html and "*_-|*_-|" in html and "&lt;b&gt;" in html and "<strong>после</str" in html


# The worst found by a search through many thousands of repetitions; each took from one second to minutes.
COSTLY: list[tuple[TextFormat, str]] = [
    ("textile", "### " * 16_000),
    ("textile", "*# @" + "# @" * 20_000),
    ("textile", ("*# @" + "# @" * 430 + "\n\n") * 30),
    ("textile", ';# "a":' * 9_000),
    ("textile", "-- ?:=" * 10_000),
    ("textile", "[1] " * 16_000),
    ("textile", "|a|b|\n" * 10_000),
    ("textile", "_" + ":" * 60_000),
    ("textile", "<pre" * 16_000),
    ("textile", "a *b*\n\n" * 9_000),
    ("textile", ('*_"(' * 40 + "\n\n") * 400),
    ("textile", "*a " * 20_000),
    ("textile", "@a " * 20_000),
    ("textile", '"a":http://b/(' * 4_500),
    ("textile", "[1]\n|\n\n " * 6_500),
    ("textile", "|[[a" * 16_000),
    ("textile", "AB(" * 20_000),
    ("textile", "!a.png(b" * 8_000),
    ("textile", "a\n\n" + "".join(" " * (depth % 300) + "x\n\n" for depth in range(400))),
    ("textile", "<code>" * 10_000),
    ("textile", ">" * 60_000),
    ("textile", "> a\n>>>>>>>> b\n" * 4_000),
    ("textile", "http://a" + ")" * 60_000),
    ("textile", "a.b@" * 16_000),
    ("textile", "&a" * 30_000),
    ("markdown", "![" * 12_000),
    ("markdown", "|".join("a" * 300) + "\n" + "|".join("-" * 300) + "\n" + "a\n" * 11_000),
    ("markdown", '[a]: b\n</pre>p. "\n> ' * 1_200),
    ("markdown", " \n|\n> - " * 3_000),
    ("markdown", "*_" * 12_000),
    ("html", "<p>" + "".join(f"<b a={i}>" for i in range(1_000)) + "<p>x" * 12_000),
    ("html", "<p>" + "<b><b><b><i><i><i><u><u><u><s><s><s><em><em><em><tt><tt><tt><a>" + "<p>x" * 12_000),
    ("html", "<ul><li>" * 8_000),
    ("html", "<div>" * 13_000),
    ("html", "<!--" * 16_000),
    ("html", "<a b='" * 10_000),
    ("html", """<a b="'" c='"<a b='""" * 3_000),
    ("html", "<a " + "b " * 30_000),
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("format", "text"), COSTLY)
def test_hostile_repetition_stays_cheap(format: TextFormat, text: str) -> None:
    """Without the bounds each takes minutes, or makes megabytes; the time-out of the test tells a hang."""
    markup._pieces.cache_clear()
    assert len(shown(text, format)) < 1_000_000


def test_no_text_can_pose_as_the_characters_that_stand_for_finished_textile() -> None:
    text = "*a* \U000f0000\U000f0001b\U00100002 &#983041; @c@"
    assert words(shown(text, "textile")) == "a \ufffd\ufffdb\ufffd \U000f0001 c"


@EVERY_FORMAT
def test_characters_that_control_a_terminal_are_shown_as_what_cannot_be_shown(format: TextFormat) -> None:
    html = shown("a \x1b[31mred\x1b[0m \x07 \x08 \x01 \x0b \x7f \x9b z", format)
    assert words(html).strip() == "a \ufffd[31mred\ufffd[0m \ufffd \ufffd \ufffd \ufffd \ufffd \ufffd z"


def test_control_characters_written_as_entities_do_not_reach_the_page() -> None:
    html = shown("a&#27;[31m &#x7;<img src='&#8;x.png' alt='&#1;'><code>&#x1b;</code>", "html")
    assert re.findall(r"[\x00-\x08\x0e-\x1f\x7f]", html) == [] and "a\ufffd[31m" in html


def test_the_same_text_is_worked_out_once() -> None:
    markup._pieces.cache_clear()
    for _ in range(3):
        shown("*x* #1", "textile")
    assert markup._pieces.cache_info()[:2] == (2, 1)
    assert markup._pieces.cache_info().maxsize == markup.CACHE_SIZE
