"""As much of a document as a script of ours asks for: elements with their parents, found by class, id or attribute."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Element:
    """An element, or with an empty tag a document. Texts are children, too."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.parent: Element | None = None
        self.children: list[Element | str] = []

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    def toggle(self, name: str, on: bool) -> None:
        self.attributes["class"] = " ".join(sorted(self.classes | {name} if on else self.classes - {name}))

    @property
    def elements(self) -> list["Element"]:
        return [each for each in self.children if isinstance(each, Element)]

    @property
    def text(self) -> str:
        """Of it and all that is in it, with single spaces."""
        return " ".join("".join(self._texts()).split())

    def all(self, fits: Callable[["Element"], object]) -> list["Element"]:
        """Those within it that fit, in the document's order, as they are now."""
        return [each for each in self._within() if fits(each)]

    def of_class(self, name: str) -> list["Element"]:
        found = ((each, each.attributes.get("class", "")) for each in self._within())
        return [each for each, names in found if name in names and name in names.split()]

    def one(self, fits: Callable[["Element"], object]) -> "Element | None":
        return next(filter(fits, self._within()), None)

    def by_id(self, name: str) -> "Element | None":
        return self.one(lambda each: each.get("id") == name)

    def within(self, name: str) -> bool:
        """Whether it, or what it is in, is of a class."""
        return name in self.classes or (self.parent is not None and self.parent.within(name))

    @property
    def before(self) -> "Element | None":
        assert self.parent
        place = self.parent.elements.index(self)
        return self.parent.elements[place - 1] if place else None

    def remove(self) -> None:
        if self.parent:
            self.parent.children.remove(self)
            self.parent = None

    def insert(self, element: "Element", before: "Element | None" = None) -> None:
        """At the end, unless it is to stand before another."""
        if element is before:
            return
        element.remove()
        self.children.insert(self.children.index(before) if before else len(self.children), element)
        element.parent = self

    def replace(self, elements: list["Element"]) -> None:
        """It by others, as a swap of outerHTML does."""
        assert self.parent
        for each in elements:
            self.parent.insert(each, self)
        self.remove()

    def clear(self) -> None:
        for each in self.elements:
            each.parent = None
        self.children = []

    def _within(self) -> Iterator["Element"]:
        """Without recursion, for a board is walked through thousands of times."""
        waits = [each for each in reversed(self.children) if not isinstance(each, str)]
        while waits:
            each = waits.pop()
            yield each
            waits += [child for child in reversed(each.children) if not isinstance(child, str)]

    def _texts(self) -> Iterator[str]:
        for each in self.children:
            yield from (each,) if isinstance(each, str) else each._texts()


class _Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.root = self.at = Element("", {})
        self.feed(html)
        self.close()
        assert self.at is self.root, f"<{self.at.tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.at.insert(element)
        if tag not in VOID:
            self.at = element

    def handle_endtag(self, tag: str) -> None:
        while self.at.tag != tag:  # ends that HTML lets us leave out
            assert self.at.parent, f"</{tag}> without its beginning"
            self.at = self.at.parent
        assert self.at.parent
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def parsed(html: str) -> Element:
    """A document or a fragment. Its tags must match, but for ends that may be left out before that of a parent."""
    return _Reader(html).root


def sent(form: Element) -> dict[str, str]:
    """What a form sends as it stands, without its buttons."""
    found = {}
    for each in form.all(lambda it: it.tag in ("input", "select", "textarea") and it.get("name")):
        if each.tag == "select":
            options = each.all(lambda it: it.tag == "option")
            chosen = [it for it in options if "selected" in it.attributes] or options[:1]
            found[each["name"]] = chosen[0].get("value") or "" if chosen else ""
        elif each.tag == "textarea":
            found[each["name"]] = "".join(it for it in each.children if isinstance(it, str))
        elif each.get("type") not in ("checkbox", "radio") or "checked" in each.attributes:
            found[each["name"]] = each.get("value") or ""
    return found
