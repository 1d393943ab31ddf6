"""Convert Textile, as Redmine reads it, into HTML that is not yet safe.

Every typed word is in the HTML: text without markup, and markup that only Redmine knows, stay as they were typed.
Conversion takes linear time and never raises.
"""

from helpdesk.tasks.markup.textile.blocks import quoted
from helpdesk.tasks.markup.textile.placeholders import Placeholders, clean, without_verbatim
from helpdesk.tasks.safe_html import preformatted

LONGEST = 200_000  # characters; more could need more placeholders than there are


def html_of(text: str) -> str:
    """Return the HTML of a text in Textile."""
    if len(text) > LONGEST:
        return preformatted(text)
    text = clean(text)
    placeholders = Placeholders(text)
    return quoted(without_verbatim(text, placeholders).replace("\t", "    "), placeholders)
