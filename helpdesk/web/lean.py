"""Templates without their indentation: it is for us, and on a slow line it costs a twentieth of a page."""

import re

from jinja2.ext import Extension


class Unindented(Extension):
    """Takes away the blanks at the beginnings of a template's lines when it is read. What a template shows comes later
    and is not touched. A sentence to translate must not span lines, nor must the text of a `pre`."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return re.sub(r"^[ \t]+", "", source, flags=re.MULTILINE)
