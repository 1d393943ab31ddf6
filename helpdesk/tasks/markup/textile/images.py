"""Pictures: `!clip.png!`, with what is shown in their stead, a size, and where they lead."""

import re

from markupsafe import escape

from helpdesk.tasks.markup.autolinks import UNSEEN, names_picture, trimmed
from helpdesk.tasks.markup.textile import attributes
from helpdesk.tasks.markup.textile.links import address_of
from helpdesk.tasks.markup.textile.placeholders import TAG, Shelf

_IMAGE = re.compile(
    rf"""(?:(?<=[\s>{TAG}])|\A)!
    ([<=>]?{attributes.NAMED})(?:\.[ ])?
    ([^\s(!"<>{TAG}]{{1,2000}}+)\s?
    (?:\(((?:[^(){TAG}]|\([^(){TAG}]{{1,200}}\)){{1,500}}+)\))?
    !(?::([^\s<>"{TAG}{UNSEEN}]+))?""",
    re.X,
)
_ADDRESS = re.compile(r"https?://[^/]|/[^/\\]", re.I)


def with_images(text: str, shelf: Shelf) -> str:
    """Return the text with each picture put on the shelf."""
    return _IMAGE.sub(lambda found: _image(found, shelf), text) if text.count("!") > 1 else text


def _image(found: re.Match[str], shelf: Shelf) -> str:
    modifiers, source, title, target = found.groups()
    if not (_ADDRESS.match(source) or names_picture(source)):
        return found[0]  # `!important!`
    titled = f' title="{escape(title)}"' if title else ""
    image = f'<img src="{escape(source)}" alt="{escape(title or "")}"{titled}{attributes.sizes(modifiers)}>'
    if not target:
        return shelf.put(image)
    address = trimmed(target)
    href = address_of(address)
    if href is None:
        return found[0] if ":" in target else f"{shelf.put(image)}:{target}"
    return shelf.put(f'<a href="{escape(href)}">{image}</a>') + target[len(address) :]
