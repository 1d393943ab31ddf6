"""Write what Finesse is sent, and read what it sends: bounded, without entities, in either case of element names."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar
from xml.etree import ElementTree

from defusedxml.ElementTree import DefusedXMLParser

from helpdesk.telephony.phone import BadPhoneResponse
from helpdesk.threads import Threads

MOST_ELEMENTS, MOST_DEPTH = 20_000, 20
LONGEST_TEXT = 500
PIECE = 2**13
IN_A_THREAD = 2**14
"""Bytes from which on an answer is read beside the event loop; less takes some 2 ms."""
THREADS = Threads(2)

R = TypeVar("R")


class TooMuch(ValueError):
    """A document has more elements, or deeper ones, than any answer of Finesse."""


class Element(NamedTuple):
    """An element with its name in lower case, and its text without blanks at the ends."""

    name: str
    texts: list[str]
    children: list["Element"]

    @property
    def text(self) -> str:
        joined = "".join(self.texts).strip()[:LONGEST_TEXT]
        return "".join(letter for letter in joined if letter.isprintable())

    def each(self, name: str) -> Iterator["Element"]:
        """Yield the children of this name, in lower case."""
        return (child for child in self.children if child.name == name)

    def inside(self, *path: str) -> "Element":
        """Return the first element at a path of names; an empty one where there is none."""
        found: Element | None = self
        for name in path:
            found = next((child for child in found.children if child.name == name), None) if found else None
        return found or Element("", [], [])

    def word(self, *path: str) -> str:
        """Return the text at a path."""
        return self.inside(*path).text


class Builder:
    """Builds elements for a parser, and stops at documents that no Finesse sends."""

    def __init__(self) -> None:
        self._top, self._count = Element("", [], []), 0
        self._open = [self._top]

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) > MOST_DEPTH:
            raise TooMuch("more elements than Finesse sends")
        element = Element(tag.rpartition("}")[2].lower(), [], [])
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, tag: str) -> None:
        self._open.pop()

    def data(self, text: str) -> None:
        self._open[-1].texts.append(text)

    def close(self) -> None:
        """There is nothing to close."""

    @property
    def root(self) -> Element:
        return self._top.children[0]


async def read(body: bytes, root: str, take: Callable[[Element], R]) -> R:
    """Return what `take` finds in a document, whose root must have this name in lower case. Raises BadPhoneResponse."""

    def work() -> R:
        found = parsed(body)
        if found.name != root:
            raise BadPhoneResponse(detail=f"<{found.name[:40]}> in place of <{root}>")
        return take(found)

    return work() if len(body) < IN_A_THREAD else await THREADS.run(work)


def parsed(body: bytes) -> Element:
    """Return the root element of a document. Raises BadPhoneResponse."""
    builder = Builder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        for start in range(0, len(body), PIECE):
            parser.feed(_piece(body, start))
        parser.close()
    except (ElementTree.ParseError, TooMuch, ValueError, LookupError) as error:  # defusedxml's are ValueErrors
        raise BadPhoneResponse(detail=f"no XML of Finesse: {type(error).__name__}") from error
    return builder.root


def _piece(body: bytes, start: int) -> bytes:
    """Return a piece of a document; the interpreter does nothing else while one is parsed.

    Raises TooMuch when no element ends in it: nothing that Finesse sends is so long.
    """
    piece = body[start : start + PIECE]
    if len(piece) == PIECE and b">" not in piece:
        raise TooMuch("a longer piece than Finesse sends")
    return piece


def written(root: str, values: dict[str, str], digits: str = "") -> bytes:
    """Return a document of leaves; `digits` are those of SEND_DTMF."""
    document = ElementTree.Element(root)
    for name, value in values.items():
        ElementTree.SubElement(document, name).text = value
    if digits:
        param = ElementTree.SubElement(ElementTree.SubElement(document, "actionParams"), "ActionParam")
        ElementTree.SubElement(param, "name").text = "dtmfString"
        ElementTree.SubElement(param, "value").text = digits
    text: bytes = ElementTree.tostring(document, "utf-8", xml_declaration=True)
    return text
