"""Take the words of the beginning of a comment, which may be cut within its markup."""

import re

from helpdesk.reports.model import LONGEST_BEGINNING
from helpdesk.tasks.markup import html_source, plain_words, textile
from helpdesk.tasks.model import TextFormat
from helpdesk.tasks.safe_html import DROPPED
from helpdesk.texts import squeezed

LONGEST = 200
"""So much of a comment is shown."""
READ = 1_000
"""So much is read of a text whose marks are short. HTML is read whole: that of mails begins with styles."""
_HIDDEN = [re.compile(rf"<(/?){name}(?![\w-])", re.I) for name in DROPPED]
_HEAD = re.compile(r"<(/head|head|body)(?![\w-])", re.I)


def words(text: str, format: TextFormat | None) -> str:
    """Return the first words without markup. How a second Redmine formats is not known: HTML is seen."""
    if format == "html" or (format is None and text.lstrip().startswith("<")):
        text = html_source.text_of(text if len(text) < LONGEST_BEGINNING else _ended(text))
    elif format == "markdown":
        text = " ".join(it.words for it in plain_words.blocks(text[:READ]))
    elif format == "textile":
        text = html_source.text_of(textile.html_of(text[:READ]))
    return squeezed(text[: READ * 2])[:LONGEST]


def _ended(html: str) -> str:
    """Return the beginning of HTML without the last element, comment or tag if its end was cut off: else styles and
    pictures would be words."""
    ends = [len(html)]
    for pattern in _HIDDEN:
        last = [*pattern.finditer(html)][-1:]
        ends += [it.start() for it in last if not it[1]]
    ends += [it.start() for it in [*_HEAD.finditer(html)][-1:] if it[1].lower() == "head"]
    for begin, end in (("<!--", "-->"), ("<", ">")):
        if html.rfind(begin) > html.rfind(end):
            ends.append(html.rfind(begin))
    return html[: min(ends)]
