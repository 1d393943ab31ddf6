"""Recognise alignments, classes, styles and languages: `p(note). text`, `|>. 5|`, `*{color:red}text*`.

Their look is not shown, but they must be told from words in brackets, which are.
"""

import re

_HORIZONTAL, _VERTICAL = "[<>=()]{0,9}", "[-^~]?"
# What was read of a class or a style is not read again another way: that would multiply with each of them.
_CLASS = r"\((?:[A-Za-z][A-Za-z0-9_-]{0,40}+[ ]?){0,5}+(?:[#][A-Za-z0-9_-]{1,40})?\)"
_PROPERTY = (
    r"(?:(?:min-|max-)?(?:width|height)|border|background|color|padding|margin|font|text|float)(?:-[a-z]{1,20}){0,3}"
)
_STYLE = rf'\{{(?:\s?{_PROPERTY}\s?:[^{{}};"|\n]{{1,60}}+;?){{1,9}}+\s?\}}'
_LANGUAGE = r"\[[a-z]{2}(?:[-_][A-Za-z]{2})?\]"

ALIGNED = f"(?:{_HORIZONTAL}{_VERTICAL}|{_VERTICAL}{_HORIZONTAL})"
NAMED = f"(?:{_CLASS}|{_STYLE}|{_LANGUAGE}){{0,3}}"
ANY = ALIGNED + NAMED
STYLE = re.compile(_STYLE)
STYLE_OR_CLASS = re.compile(rf"(?:{_STYLE}|{_CLASS}(?=\S)){{1,2}}")
SPANS = r"(?:\\\d{1,2}|/\d{1,3}){0,2}"

_SPAN = re.compile(r"([\\/])(\d{1,3})")
_SIZE = re.compile(r"(?<![\w-])(width|height)\s?:\s?(\d{1,4}(?:px(?![\w%])|%|(?![\w.%])))")


def spans(modifiers: str) -> str:
    r"""Return colspan and rowspan as HTML attributes: `\2` and `/3` of a cell."""
    names = {"\\": "colspan", "/": "rowspan"}
    return "".join(f' {names[kind]}="{number}"' for kind, number in dict(_SPAN.findall(modifiers)).items())


def sizes(modifiers: str) -> str:
    """Return width and height as HTML attributes: `{width:300px}` of a picture."""
    return "".join(f' {name}="{size.removesuffix("px")}"' for name, size in dict(_SIZE.findall(modifiers)).items())
