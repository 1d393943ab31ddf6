"""Textile as Redmine reads it, turned into HTML that is not yet safe.

Every word typed is in the HTML: what is no markup, or markup that is known to Redmine alone, stays as it was typed.
Takes time in proportion to the text, and never raises.
"""

from helpdesk.tasks.markup.textile.offtags import without_offtags
from helpdesk.tasks.markup.textile.placeholders import Shelf, clean
from helpdesk.tasks.markup.textile.quotes import quoted
from helpdesk.tasks.safe_html import as_typed

LONGEST = 200_000  # characters; more could need more pieces than a shelf holds


def html_of(text: str) -> str:
    """Return the HTML of a text in Textile."""
    if len(text) > LONGEST:
        return as_typed(text)
    text = clean(text)
    shelf = Shelf(text)
    return quoted(without_offtags(text, shelf).replace("\t", "    "), shelf)
