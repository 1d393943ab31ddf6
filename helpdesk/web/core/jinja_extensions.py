"""Extensions of Jinja: work that is done when a template is read, and filters for texts of users.

`|shown` is for between tags, `|plain` for attributes and titles. Both take a text, or a thing whose subject or name is
meant. A text without a visible character gets a stand-in. One that may turn the direction of the text around it is
isolated: by an element, or where there can be none by characters. An element around each of the other texts, nearly
all, would change nothing and weigh something.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from markupsafe import Markup

from helpdesk.errors import Sentence
from helpdesk.texts import UNSEEN, called, is_blank, isolated, one_line, subject_of, turns

INCLUDE = re.compile(r'\{% include "([^"]+)" %\}')
MOST_KEPT = 3_000  # rows of lists, some 700 bytes each
CALL = ["variable_begin", "name", "lparen", "string", "rparen", "variable_end"]


class InPlace(Extension):
    """`{% include "…" %}` is replaced by that very file: a template of its own costs a context each time, and a search
    for each name in it. What the file sets stays within it, as ever.

    So a page has to be read again when one of its parts changes, which needs a start; and lines in a traceback are
    counted with all the parts.
    """

    priority = 50  # before the others, which see the whole page

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return INCLUDE.sub(self._part, source)

    def _part(self, include: re.Match[str]) -> str:
        loader = self.environment.loader
        assert loader is not None
        part = loader.get_source(self.environment, include[1])[0].removesuffix("\n")
        return f"{{% with %}}{self.preprocess(part, include[1])}{{% endwith %}}"


class Unindented(Extension):
    """Indentation is for us; on a slow line it costs a twentieth of a page.

    Takes away the blanks at the beginnings of a template's lines when it is read. What a template shows comes later
    and is not touched. A sentence to translate must not span lines, nor must the text of a `pre`."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return re.sub(r"^[ \t]+", "", source, flags=re.MULTILINE)


class Translated(Extension):
    """`{{ _("…") }}` is the same text each time, for each language has templates of its own: a tenth of a list's time.

    Wants an environment with a `catalogue`. As the i18n extension has it, a translation is markup, and a format even
    without values.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        held: deque[Token] = deque()
        for token in stream:
            held.append(token)
            if len(held) == len(CALL):
                if [one.type for one in held] == CALL and held[1].value == "_":
                    yield Token(token.lineno, "data", self._said(held[3].value))
                    held.clear()
                else:
                    yield held.popleft()
        yield from held

    def _said(self, sentence: str) -> str:
        text: str = self.environment.catalogue.gettext(sentence)  # type: ignore[attr-defined]  # templating.py adds it
        return text % ()


def keeping(environment: Environment) -> Callable[..., Markup]:
    """`{{ kept(template, name=value, …) }}`: what a template makes of these values and of nothing else, made once.

    For what many see, and again and again: half of a list's time were rows that had been made before. A row of other
    values is another row, so nothing is ever shown that is not so. Values must be hashable.
    """

    @lru_cache(maxsize=MOST_KEPT)
    def kept(template: str, **values: Any) -> Markup:
        return Markup(environment.get_template(template).render(values))

    return kept


def text_filters(speak: Callable[[Sentence], str]) -> dict[str, Callable[[Any], str]]:
    """Return the filters `shown` and `plain`; `speak` translates a sentence."""

    def text_of(it: Any) -> str:
        text = _text_or_name(it)
        return speak(text) if isinstance(text, Sentence) else text

    return {"shown": lambda it: _isolated_lines(text_of(it)), "plain": lambda it: isolated(text_of(it))}


def _text_or_name(it: Any) -> str | Sentence:
    """Return a text itself, the subject of a task, or the name of anything else."""
    if isinstance(it, str | Sentence):
        return UNSEEN if isinstance(it, str) and it and is_blank(it) else it
    if hasattr(it, "subject"):
        return subject_of(it.subject)
    if hasattr(it, "full_name"):
        return str(it.login if is_blank(it.full_name) else it.full_name)
    if hasattr(it, "filename"):
        return _text_or_name(it.filename)
    return called(it)


def _isolated_lines(text: str) -> str:
    lines = "\n".join(map(one_line, text.split("\n")))
    return Markup("<bdi>{}</bdi>").format(lines) if turns(lines) else lines
