"""Convert the markup within a line, in the order in which Redmine looks for it: code, images, phrases, links."""

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import partial

from markupsafe import escape

from helpdesk.tasks.markup.autolinks import UNSEEN, is_picture_source, trim_address
from helpdesk.tasks.markup.textile import attributes
from helpdesk.tasks.markup.textile.placeholders import BROKEN, TAG, Placeholders
from helpdesk.tasks.safe_html import is_allowed_href

_CODE_BEGINS = re.compile(r"(?<![\w@])()@(?=\S)")
_CODE_ENDS = re.compile(r"(?<=\S)@(?!\w)")
_ABBREVIATION = re.compile(rf"\b([A-Z][A-Z0-9]{{1,40}})(?=\(([^(){TAG}]{{1,200}})\))")
_FOOTNOTE = re.compile(r"(?<=\w)\[(\d{1,4})\]")
_IMAGE = re.compile(
    rf"""(?:(?<=[\s>{TAG}])|\A)!
    ([<=>]?{attributes.NAMED})(?:\.[ ])?
    ([^\s(!"<>{TAG}]{{1,2000}}+)\s?
    (?:\(((?:[^(){TAG}]|\([^(){TAG}]{{1,200}}\)){{1,500}}+)\))?
    !(?::([^\s<>"{TAG}{UNSEEN}]+))?""",
    re.X,
)
_IMAGE_ADDRESS = re.compile(r"https?://[^/]|/[^/\\]", re.I)
_AFTER_ADDRESS = "&(?:[lg]t|quot|nbsp|[lr]aquo);"  # it ends there
# Nothing is a link within text that looks like a tag.
_LINK = re.compile(
    rf"""
    </?[!\w][^<>{BROKEN}]*+
    | "(?P<text>[^"{BROKEN}]{{1,2000}}+)":
      (?P<target>(?:/|[a-z]{{2,20}}://|www\.|mailto:|\#(?=[a-z]))[\w/](?:(?!{_AFTER_ADDRESS})[^\s<>"{TAG}{UNSEEN}])+)
    """,
    re.I | re.X,
)
_TAGS = {"**": "b", "*": "strong", "??": "cite", "-": "del", "__": "i", "_": "em", "+": "ins", "^": "sup", "~": "sub"}
_SPAN = "%"  # only changes the look of its text, which is not shown
_MARKS = "|".join(map(re.escape, [*_TAGS, _SPAN]))


def inline(text: str, placeholders: Placeholders) -> str:
    """Return the HTML of a paragraph's text."""
    text = text.replace("\n", BROKEN)
    if "@" in text:
        text = _replace_pairs(text, _CODE_BEGINS, _CODE_ENDS, lambda code: _code(code, placeholders))
    if text.count("!") > 1:
        text = _IMAGE.sub(lambda match: _image(match, placeholders), text)
    for mark, (begins, ends) in _PHRASES.items():
        if text.count(mark) > 1:
            text = _replace_pairs(text, begins, ends, partial(_phrase, mark, placeholders))
    if '":' in text:
        text = _LINK.sub(lambda match: _link(match, placeholders), text)
    text = _ABBREVIATION.sub(lambda match: _abbreviation(match, placeholders), text)
    if placeholders.footnotes:
        text = _FOOTNOTE.sub(lambda match: _footnote_reference(match, placeholders), text)
    return placeholders.html(text)


def _replace_pairs(
    text: str, begins: re.Pattern[str], ends: re.Pattern[str], replacement: Callable[[str], str | None]
) -> str:
    """Replace everything from a beginning mark to the nearest end mark after it.

    Takes linear time, where one lazy pattern for all of it would look for an end from each beginning. The first group
    of a beginning stays. Where the replacement is None, the marks stay, too.
    """
    spans = {end.start(): end.end() for end in ends.finditer(text)}
    starts = list(spans)
    out: list[str] = []
    done = 0
    for begin in begins.finditer(text):
        nearest = bisect_left(starts, begin.end() + 1)
        if begin.start() < done or nearest == len(starts):
            continue
        start = starts[nearest]
        new = replacement(text[begin.end() : start])
        if new is not None:
            out += text[done : begin.start()], begin[1], new
            done = spans[start]
    return "".join(out) + text[done:]


def _code(content: str, placeholders: Placeholders) -> str:
    return placeholders.put(f"<code>{placeholders.html(content)}</code>")


def _image(match: re.Match[str], placeholders: Placeholders) -> str:
    modifiers, source, title, target = match.groups()
    if not (_IMAGE_ADDRESS.match(source) or is_picture_source(source)):
        return match[0]  # `!important!`
    titled = f' title="{escape(title)}"' if title else ""
    image = f'<img src="{escape(source)}" alt="{escape(title or "")}"{titled}{attributes.sizes(modifiers)}>'
    if not target:
        return placeholders.put(image)
    address = trim_address(target)
    href = _href(address)
    if href is None:
        return match[0] if ":" in target else f"{placeholders.put(image)}:{target}"
    return placeholders.put(f'<a href="{escape(href)}">{image}</a>') + target[len(address) :]


def _phrase_patterns(mark: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Match a phrase after a space, an opening bracket or a tag; a single character must be a letter or a digit."""
    quoted = re.escape(mark)
    lone = rf"(?=[^\s\W]|[{TAG}]|\S(?!{quoted}))"
    begins = rf"(?:(?<=[\s>({TAG}])|\A)(?!--)((?:{_MARKS})??){quoted}(?=\S){lone}"
    return re.compile(begins), re.compile(rf"(?<=\S)(?!--){quoted}(?=[\W_]|\Z)")


_PHRASES = {mark: _phrase_patterns(mark) for mark in [*list(_TAGS)[:6], _SPAN, *list(_TAGS)[6:]]}


def _phrase(mark: str, placeholders: Placeholders, content: str) -> str | None:
    if mark == _SPAN:
        style = attributes.STYLE_OR_CLASS.match(content)
        return content[style.end() :] if style and style.end() < len(content) else None
    style = attributes.STYLE.match(content)
    tag = _TAGS[mark]
    content = content[style.end() :] if style and style.end() < len(content) else content
    return placeholders.put(f"<{tag}>") + content + placeholders.put(f"</{tag}>")


def _link(match: re.Match[str], placeholders: Placeholders) -> str:
    text, target = match["text"], match["target"]
    address = trim_address(target or "")
    href = _href(address)
    if href is None or not text.strip():
        return match[0]
    opening, closing = placeholders.put(f'<a href="{escape(href)}">'), placeholders.put("</a>")
    return opening + text + closing + target[len(address) :]


def _href(target: str) -> str | None:
    """Return the address of a link, or None if it may not lead there."""
    target = f"http://{target}" if target[:4].lower() == "www." else target
    return target if is_allowed_href(target) else None


def _abbreviation(match: re.Match[str], placeholders: Placeholders) -> str:
    """Leave the meaning in the text: not everything written like `ABC(meaning)` is one, think of COUNT(id)."""
    return placeholders.put(f'<abbr title="{escape(match[2])}">') + match[1] + placeholders.put("</abbr>")


def _footnote_reference(match: re.Match[str], placeholders: Placeholders) -> str:
    """Refer to a footnote only if the text has it: `list[0]` is no reference."""
    return placeholders.put(f"<sup>{match[1]}</sup>") if match[1] in placeholders.footnotes else match[0]
