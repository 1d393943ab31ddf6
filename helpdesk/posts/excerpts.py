"""Shorten the Markdown of posts to a line of plain words."""

from functools import lru_cache

from helpdesk.notifications.plain_text import one_line, shortened
from helpdesk.tasks.markup import plain_words

LONGEST_READ = 1_000
MOST_KEPT = 512


def beginning(content: str) -> str:
    """Return the beginning of a text in Markdown as its readers see it, in one line of at most LONGEST_EXCERPT
    characters. Quotes are left out, unless there is nothing else.

    It may take 20 ms the first time.
    """
    return _beginning(content[:LONGEST_READ])


@lru_cache(maxsize=MOST_KEPT)
def _beginning(text: str) -> str:
    blocks = plain_words.blocks(text)
    own = one_line(" ".join(it.words for it in blocks if not it.is_quoted))
    return shortened(own or one_line(" ".join(it.words for it in blocks)))
