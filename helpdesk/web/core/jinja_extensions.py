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
MOST_CACHED = 3_000  # rows of lists, some 700 bytes each
CALL = ["variable_begin", "name", "lparen", "string", "rparen", "variable_end"]


class InPlace(Extension):
    """Replace `{% include "…" %}` by the file: a template of its own costs a context, and a search for each name in it.

    Variables that the file sets stay within it. After a change of a part the process must be started again, and lines
    in a traceback are counted with all parts.
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
    """Remove the indentation of templates when they are read: on a slow line it costs a twentieth of a page.

    Values come later and are not touched. A sentence to translate must not span lines, nor must the text of a `pre`.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return re.sub(r"^[ \t]+", "", source, flags=re.MULTILINE)


class Translated(Extension):
    """Translate `{{ _("…") }}` when the template is read, since each language has its own: a tenth of a list's time.

    Needs an environment with a `catalogue`. As in the i18n extension, a translation is markup, and a format even
    without values.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        pending: deque[Token] = deque()
        for token in stream:
            pending.append(token)
            if len(pending) == len(CALL):
                if [one.type for one in pending] == CALL and pending[1].value == "_":
                    yield Token(token.lineno, "data", self._translated(pending[3].value))
                    pending.clear()
                else:
                    yield pending.popleft()
        yield from pending

    def _translated(self, sentence: str) -> str:
        text: str = self.environment.catalogue.gettext(sentence)  # type: ignore[attr-defined]  # templating.py adds it
        return text % ()


def caching(environment: Environment) -> Callable[..., Markup]:
    """Return `cached` for `{{ cached(template, name=value, …) }}`, which renders equal values once.

    The template gets these values and nothing else; they must be hashable. Half of a list's time were rows that had
    been rendered before.
    """

    @lru_cache(maxsize=MOST_CACHED)
    def cached(template: str, **values: Any) -> Markup:
        return Markup(environment.get_template(template).render(values))

    return cached


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
