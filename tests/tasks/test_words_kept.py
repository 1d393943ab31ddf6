"""Every word typed is shown, in all three formats, whatever stands around it."""

import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpdesk.tasks.markup.render import render
from helpdesk.tasks.markup.textile import html_of
from helpdesk.tasks.model import TextFormat
from tests.tasks.reading import Reading

SOAK = bool(os.environ.get("SOAK"))
LEADS = re.compile(r"(?:https?|ftp)://|mailto:|/|#")
# Cyrillic: a word of Latin letters in brackets may be the class of a Textile phrase.
WORDS = ["альфа", "бета", "гамма", "дельта", "эпсилон", "дзета", "тета", "йота"]
TEXTILE = """* _ - + @ % ^ ~ ?? ** __ | |_. |>. |=. |\\2. |/3. | " ": : ' ! ( ) [ ] { } {" ":" "} < > & &laquo; &nbsp; #
    ; . , '%·%' [[ ]] == === -- --- <b> </b> <ERROR> <!-- --> <pre> </pre> <code> </code> <notextile> </notextile> [1]
    [0] fn1.· h2.· p.· p>.· table.· http://h.ru/ www.h.ru/ ftp://h.ru/ "x":http://h.ru/ "x":/h/ "x":h a@h.ru C:\\
    /usr/bin/ {color:red} \\ := ` $ € №"""
MARKDOWN = """* _ ** __ ~~ ` ``` ~~~ #· ##· >· -· +· 1.· 7.· 2024.· | |-|-| |:-|-:| [ ]( ) ]: [x]: [x] ](http://h.ru/)
    ](/h/) ](h) ! ![ < > <b> </b> <ERROR> <a@h.ru> <http://h.ru/> <!-- --> & &laquo; \\ " ' ( === --- *** { } {" ":" "}
    http://h.ru/ www.h.ru/ a@h.ru $ €"""
HTML = """<p> </p> <b> </b> <i> </i> <br> <br/> <ul><li> </ul> <ol> <li> <div> </div> <blockquote> </blockquote> <pre>
    </pre> <table><tr><td> </table> <h1> </h1> <a·href='/h/'> </a> <span·style='color:red'> </span> <o:p> </o:p>
    <font·color=red·nowrap> <ERROR> </ERROR> <a@h.ru> <http://h.ru/> <soap:Body> < </ <! <? <!-- </5 <title> <script>
    <style> <svg> <template> <b <p· </b <a·href=" & &laquo; &amp; &lt;b&gt; " ' = ; http://h.ru/ www.h.ru/ <![CDATA["""
FRAGMENTS: dict[TextFormat, str] = {"textile": TEXTILE, "markdown": MARKDOWN, "html": HTML}
GAPS = ["", " ", "\n", "\n\n", "\n  ", "\n\n  ", "\n* ", "\n> ", "\t"]


def texts(format: TextFormat) -> st.SearchStrategy[str]:
    fragments = [fragment.replace("·", " ") for fragment in FRAGMENTS[format].split()]
    parts = st.tuples(st.sampled_from([*WORDS, *fragments]), st.sampled_from(GAPS)).map("".join)
    return st.lists(parts, max_size=15).map("".join)


def assert_all_there(text: str, html: str) -> None:
    """Every word of the text, in its order: seen, or in the address of a link or a picture."""
    shown, place = Reading(html).all, 0
    for word in re.findall("|".join(WORDS), text):
        place = shown.find(word, place) + len(word)
        assert place >= len(word), (word, html)


@pytest.mark.soak
@pytest.mark.parametrize("format", FRAGMENTS)
def test_every_word_typed_is_shown_and_links_have_a_beginning_that_leads_somewhere(format: TextFormat) -> None:
    @settings(max_examples=2_000 if SOAK else 80)
    @given(texts(format))
    def proves(text: str) -> None:
        html = str(render(text, format, lambda number: f"/tasks/{number}"))
        # An address that leads nowhere is no word of a mail: nobody sees it where it was written.
        assert_all_there(re.sub(r'href="[^"]*"', "", text) if format == "html" else text, html)
        assert format == "html" or [link for link in Reading(html).links if not LEADS.match(link)] == []

    proves()


@settings(max_examples=1_000 if SOAK else 50)
@given(texts("textile") | st.lists(st.sampled_from(["!", "(", ")", ".png", " ", ":/h/", *WORDS])).map("".join))
def test_textile_keeps_the_names_of_pictures(text: str) -> None:
    assert_all_there(text, html_of(text))


AS_TYPED = [
    '{"a":"b","c":5}',
    'Field "X":empty',
    "[ERROR]https://host/x text",
    "like '%x%' or like '_x_'",
    "%TEMP%\\log %APPDATA%",
    'Set "A":5, "B":c "C":./d "D":host:8080',
    "if a == b and c == d",
    "SELECT COUNT(*), MAX(id) FROM T(1)",
    "list[0] = row[12]",
    "at a.b.C.<init>(C.java:12) <ERROR> <ivan@host.example>",
    "see !important! and @Override",
    "<!-- kept --> ==kept== <b>kept</b>",
    "*(note) kept* [en]kept (kept)kept {kept}",
    "a | b || c",
    "note: #12abc ## x -- y -> z",
    "{{macro(kept)}} [[page|kept]] source:kept r12",
    "\\\\server\\share\\kept C:\\dir_one\\dir_two",
    "[x]kept [x]: kept",
    '"kept (title)":kept',
    "1 < 2 > 0 && !x",
    "; kept: kept := kept",
]


@pytest.mark.parametrize("text", AS_TYPED)
def test_text_that_is_no_textile_is_shown_to_the_letter(text: str) -> None:
    shown = Reading(str(render(text, "textile", lambda number: f"/tasks/{number}"))).text
    assert re.sub(r"[*\s]", "", shown) == re.sub(r"[*\s]", "", text)


@pytest.mark.parametrize(
    ("format", "text", "seen"),
    [
        ("textile", "above\n|a|b|\nbelow", "above a b below"),
        ("textile", "above\n\n|a|b|\nbelow\n|c|", "above a b below c"),
        ("textile", "|:x|", ":x"),
        ("textile", "|>. 5|_. six|\\2. seven|", "5 six seven"),
        ("textile", "*[Now] call*", "[Now] call"),
        ("textile", "&laquo;x&raquo;&nbsp;&#8212; &lt;b&gt; &unknown; AT&T", "«x» — <b> &unknown; AT&T"),
        ("textile", "p(note). kept", "kept"),
        ("textile", "%{color:red}kept% _(примечание) kept_", "kept (примечание) kept"),
        ("textile", "ABC(meaning)", "ABC (meaning)"),
        ("textile", "bq.:https://host.example/x kept", "kept https://host.example/x"),
        ("markdown", "[ERROR]: refused", "[ERROR]: refused"),
        ("markdown", "[note](text)", "[note](text)"),
        ("markdown", "[a]: https://host.example", "a : https://host.example"),
        ("markdown", "|a|\n|-|\n|1|2|3|", "a 1 2 3"),
        ("markdown", "```ошибка 500\nx\n```", "ошибка 500 x"),
        ("markdown", "<ERROR:text> <!-- x -->", "<ERROR:text> <!-- x -->"),
        ("html", "<ERROR>x</ERROR> from <ivan@host.example>", "<ERROR>x</ERROR> from < ivan@host.example >"),
        ("html", "a <b c d", "a <b c d"),
        ("html", "see <title> in <!-- it", "see <title> in <!-- it"),
        ("html", "<o:p>x</o:p><!-- gone --><style>gone</style>", "x"),
        ("html", "<?php echo 1 ?> </5> <![CDATA[x]]>", "<?php echo 1 ?> </5> <![CDATA[x]]>"),
    ],
)
def test_text_that_a_parser_would_drop_is_shown(format: TextFormat, text: str, seen: str) -> None:
    html = str(render(text, format, lambda number: f"/tasks/{number}"))
    assert " ".join(Reading(html).text.split()) == seen


def test_numbers_typed_before_items_are_shown_in_markdown() -> None:
    html = str(render("2024. a\n2025. b\n7. c", "markdown", str))
    assert '<ol start="2024">' in html and html.count("value=") == 1 and '<li value="7">' in html
    assert "value" not in str(render("1. a\n1. b\n1. c", "markdown", str))


UNREADABLE = [
    "http://сервер:порт/x",
    "http://server:port/x",
    "http://256.1.1.1/x",
    "http://h.ru:99999/x",
    "https://host%20name/x",
]


@pytest.mark.parametrize("address", UNREADABLE)
@pytest.mark.parametrize(
    ("format", "typed"),
    [
        ("textile", '"Отчёт":$ и дальше'),
        ("textile", "!clip.png!:$ и дальше"),
        ("markdown", "[Отчёт]($) и дальше"),
        ("markdown", "<$> и дальше"),
    ],
)
def test_a_link_whose_address_cannot_be_read_stays_as_typed(format: TextFormat, typed: str, address: str) -> None:
    typed = typed.replace("$", address)
    html = str(render(typed, format, str))
    assert Reading(html).text.replace(" ", "").strip() == typed.replace(" ", "")
    assert "<a>" not in html


@pytest.mark.parametrize(
    ("format", "text", "seen"),
    [
        *(("markdown", f"[см]({it}) и", f"[см]({it}) и") for it in ("clip.png", "a/b.png", "?x=1", "x.html")),
        ("markdown", "[см][1] и\n\n[1]: clip.png", "см и 1 : clip.png"),
        ("textile", "!clip.png!:?x=1", "clip.png:?x=1"),
        *(("html", f'<a href="{it}">см</a> и', "см и") for it in ("x.html", "?x=1", "a/b?c", "../x", "clip.png")),
    ],
)  # fmt: skip
def test_an_address_that_begins_nowhere_is_no_link(format: TextFormat, text: str, seen: str) -> None:
    html = str(render(text, format, str))
    assert Reading(html).links == [] and " ".join(Reading(html).text.split()) == seen
