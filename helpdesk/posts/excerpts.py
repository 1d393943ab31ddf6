"""Shorten the Markdown of posts to a line of plain words."""

import re

from helpdesk.notifications.plain_text import excerpt

LONGEST_READ = 2_000
SIGNS = re.compile(
    r"\[\[(?:[^\[\]|]{0,200}\|)?([^\[\]|]{0,200})\]\]|!?\[([^\[\]]{0,200})\]\([^()\[\]]{0,500}\)"
    r"|[*_`#>|~]+|-{3,}|^ {0,3}[-+] ",
    re.MULTILINE,
)
"""Links and pictures, of which the words stay, and the signs of emphasis, headings, quotes, tables and lists."""


def beginning(content: str) -> str:
    """Return the beginning of a text in Markdown, without its signs."""
    return excerpt(SIGNS.sub(lambda found: found[1] or found[2] or "", content[:LONGEST_READ]))
