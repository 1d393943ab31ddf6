"""HTML as a person sees it: words, links, and the shape of tables and lists."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

_SHAPE = {"table", "tr", "td", "th", "ul", "ol", "li", "blockquote"}
_ADDRESSES = ("href", "src", "alt", "title")


class Reading(HTMLParser):
    """`text` is what is seen, `all` has the addresses of links and pictures, too, where they stand."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.shape: list[str] = []
        self.text = self.all = self._behind = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        addresses = " ".join(["", *(unquote(value or "") for name, value in attrs if name in _ADDRESSES), ""])
        self.text += " "
        self.all += " " if tag == "a" else addresses
        self._behind = addresses if tag == "a" else self._behind
        self.links += [value for name, value in attrs if tag == "a" and name == "href" and value]
        if tag in _SHAPE:
            spans = (f" {name}={value}" for name, value in attrs if name in ("colspan", "rowspan"))
            self.shape.append(tag + "".join(spans))

    def handle_endtag(self, tag: str) -> None:
        self.text += " "
        self.all += self._behind if tag == "a" else " "
        if tag in _SHAPE - {"tr", "td", "th", "li"}:
            self.shape.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.text += data
        self.all += data

    @property
    def words(self) -> list[str]:
        return words(self.text)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text)
