"""Long texts are shown in part, and all parts together say all of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.tasks.markup import inline_images, text_parts
from helpdesk.tasks.markup import render as markup
from helpdesk.tasks.markup.render import Resolver, parts, plain, render
from helpdesk.tasks.model import TextFormat
from tests.tasks.test_markup import EVERY_FORMAT, words

RESOLVER = Resolver(lambda number: f"/tasks/{number}", str)
SOURCE: dict[TextFormat, str] = {
    "textile": "h1. Глава {n}\n\nТекст *жирно{n}* и слово{n}.\n\n",
    "markdown": "# Глава {n}\n\nТекст **жирно{n}** и слово{n}.\n\n",
    "html": "<h1>Глава {n}</h1><p>Текст <b>жирно{n}</b> и слово{n}.</p>",
}


def long_text(format: TextFormat, count: int = 1_500) -> str:
    return "".join(SOURCE[format].format(n=n) for n in range(count))


def all_of(text: str, format: TextFormat) -> list[str]:
    return [str(part.html) for part in parts(text, format, RESOLVER)]


@EVERY_FORMAT
def test_a_text_above_the_limit_is_shown_in_part_with_its_markup(format: TextFormat) -> None:
    text = long_text(format)
    html = str(render(text, format, RESOLVER.link))
    assert len(text) > markup.LIMITS[format] and "<strong>жирно0</strong>" in html.replace("b>", "strong>")
    assert "<h3>Глава 0</h3>" in html and not any(each in html for each in ("<pre>", "&lt;", "**"))
    assert html.rstrip().endswith(("</p>", "</h3>")), "between two paragraphs"


@EVERY_FORMAT
def test_its_parts_say_all_of_it_once_and_the_last_says_that_it_is(format: TextFormat) -> None:
    made = list(parts(long_text(format), format, RESOLVER))
    found = re.findall("жирно[0-9]+|слово[0-9]+", "".join(words(str(part.html)) for part in made))
    assert found == [f"{what}{n}" for n in range(1_500) for what in ("жирно", "слово")]
    assert [part.more for part in made] == [*range(1, len(made)), None]
    assert list(parts(long_text(format), format, RESOLVER, 1)) == made[1:]


@EVERY_FORMAT
@pytest.mark.parametrize("blank", [" ", "\n", "\r\n", "\n\n", "\xa0", ""])
def test_a_text_without_any_good_place_to_cut_is_whole_all_the_same(format: TextFormat, blank: str) -> None:
    text = f"слово{blank}" * (100_000 // (5 + len(blank)))
    shown = "".join(words(each) for each in all_of(text, format))
    assert re.sub(r"\s", "", shown) == "слово" * text.count("слово")


def test_a_block_of_code_goes_on_as_one() -> None:
    code = "\n".join(f"строка {n} *x* #1" for n in range(6_000))
    for format, text in (
        ("markdown", f"# до\n\n```ruby\n{code}\n```\n\n**после**"),
        ("textile", f'h1. до\n\n<pre><code class="ruby">{code}</code></pre>\n\n*после*'),
    ):
        shown = all_of(text, format)  # type: ignore[arg-type]  # a literal, as mypy can't see
        assert len(shown) > 1 and all(each.count("<pre>") == each.count("</pre>") == 1 for each in shown)
        assert "<em>" not in "".join(shown) and "".join(map(words, shown)).count("*x* #1") == 6_000
        assert "<strong>после</strong>" in shown[-1]


@EVERY_FORMAT
def test_data_of_a_picture_counts_for_nothing(format: TextFormat) -> None:
    reference = markup.REFERENCES[format].replace("$", "data:image/png;base64," + "iVBOR/+0" * 200_000 + "==")
    html = str(render(f"до\n\n{reference}\n\nпосле", format, RESOLVER.link))
    assert re.sub(r"\s", "", words(html)) == "доdata:image/pngпосле"


def test_data_that_is_no_picture_stays_as_it_was_typed() -> None:
    text = "url: data:image/png;base64,iVBOR0 и ;base64, тоже"
    assert words(str(render(text, "textile", RESOLVER.link))) == text


@EVERY_FORMAT
def test_a_text_for_which_there_is_no_time_is_readable(format: TextFormat) -> None:
    part = plain(long_text(format), format, RESOLVER)
    assert part.more == 0 and "слово1." in part.html and part.html.startswith("<p>")
    assert "&lt;" not in part.html and "<pre>" not in part.html


def test_markup_too_costly_to_render_is_readable_and_never_source() -> None:
    row = "|".join("a" * 300)
    text = f"до\n\n{row}\n" + "|".join("-" * 300) + "\n" + "a\n" * 11_000
    html = str(render(text, "markdown", RESOLVER.link))
    assert html.startswith("<p>до</p><p>a|a|") and "<pre>" not in html
    swollen = "<p>" + "<b><i><u><s><em><tt><code><a>" * 3 + "<p>слово" * 7_000
    html = str(render(swollen, "html", RESOLVER.link))
    assert "слово" in html and "&lt;" not in html and "<pre>" not in html


@given(
    st.lists(
        st.sampled_from(["@", " ", "\n", "\n\n", "\r\n", "- ", "> ", "```\n", "~~~~\n", "    ", "|", "**"]), max_size=80
    ),
    st.sampled_from([12, 40, 100]),
)
def test_nothing_is_lost_between_parts_of_lines(scraps: list[str], limit: int) -> None:
    numbers = iter(range(1_000))
    text = re.sub("@", lambda found: f"w{next(numbers)} ", "".join(scraps))
    for continued in (text_parts.in_markdown, text_parts.in_textile):
        made = "".join(text_parts.parts(text, limit, continued))
        assert "".join(re.findall("w|[0-9]", made)) == "".join(re.findall("w|[0-9]", text))


@pytest.mark.parametrize(
    "tag",
    [
        "<img src=$>",
        "<img src= $ alt>",
        "<img src='$'>",
        "<IMG ALT='' SRC=\"$>",
        "<img src=' $>",
        "<p><img src='$>",
    ],
)
def test_no_picture_in_html_is_shown_as_its_base64(tag: str) -> None:
    text = tag.replace("$", "data:image/png;base64," + "AbC+/19z" * 100_000) + "текст"
    resolver = Resolver(str, inline_images.named)
    seen = words("".join(part.html for part in parts(text, "html", resolver)))
    assert len(seen) < 80 and "data:image/png" in seen and seen.strip().endswith("текст")
