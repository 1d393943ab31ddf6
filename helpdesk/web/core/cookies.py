"""The cookies of ours among those that a browser sends.

Others are none of our business, and are not parsed: what the standard library does to unquote a value takes minutes for
200 KB of escaped quotes. No value of ours holds a character that needs quotes, so nothing is unquoted at all.
"""

from starlette.requests import Request

LONGEST = 4096


def sent(request: Request, name: str) -> str:
    """Return the value of the first cookie of that name; empty for none, and for one that can't be ours."""
    start = f"{name}="
    for header in request.headers.getlist("cookie"):
        for pair in header.split(";"):
            if (found := pair.strip()).startswith(start):
                return _plain(found.removeprefix(start))
    return ""


def _plain(value: str) -> str:
    return value if len(value) <= LONGEST and value.isascii() and value.isprintable() else ""
