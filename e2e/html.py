"""Whether HTML is valid: no error of parsing, no id twice, no reference to an element that is not there."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from xml.etree.ElementTree import Element

import html5lib

REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls", "aria-owns", "list", "form")
_DOCUMENT = re.compile(r"\s*<!doctype html>", re.IGNORECASE)


def faults(text: str) -> list[str]:
    """What is wrong with a page or a fragment, each with its place; empty when nothing."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    is_page = _DOCUMENT.match(text) is not None
    tree = parser.parse(text) if is_page else parser.parseFragment(text, container="body")
    found = [f"line {place[0]}: {code} {about}: {_line(text, place[0])}" for place, code, about in parser.errors]
    elements = [it for it in tree.iter() if isinstance(it.tag, str)]
    found += [f"id {name} is there {count} times" for name, count in _ids(elements).items() if count > 1]
    return found + (list(_dangling(elements)) if is_page else [])


def _ids(elements: list[Element]) -> Counter[str]:
    return Counter(it.attrib["id"] for it in elements if "id" in it.attrib)


def _dangling(elements: list[Element]) -> Iterator[str]:
    known = _ids(elements)
    for name in REFERENCES:
        wanted = chain.from_iterable(it.attrib[name].split() for it in elements if name in it.attrib)
        yield from (f'{name}="{id}" names nothing' for id in wanted if id not in known)


def _line(text: str, number: int) -> str:
    lines = text.splitlines()
    return lines[number - 1].strip()[:160] if 0 < number <= len(lines) else ""
