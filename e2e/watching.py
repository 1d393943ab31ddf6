"""What a browser complains of in its console, and whether a journey said that it would."""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, WebError

Announced = set[int | str]

# It complains of a lost focus and of a page that moves, so that every journey fails by them.
SCRIPT = Path(__file__).with_suffix(".js").read_text("utf-8")

PASSED_OVER = (
    # Where a journey has ended the server, axe misses what it would read again; the page itself needs nothing.
    "Couldn't load preload assets",
    # A notification came before anybody had clicked in the page: it stays silent, which is right.
    "The AudioContext was not allowed to start",
)
_STATUS = re.compile(r"Failed to load resource: the server responded with a status of (\d+)")
_NETWORK = re.compile(r"Failed to load resource: (net::\w+)")


def collect(context: BrowserContext) -> list[int | str]:
    """A list that grows by each complaint of the context's pages; violations of the CSP are among the errors."""
    complaints: list[int | str] = []
    context.add_init_script(SCRIPT)

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(PASSED_OVER):
            complaints.append(_short(message.text))

    def on_error(error: WebError) -> None:
        complaints.append(f"uncaught: {error.error}")

    context.on("console", on_console)
    context.on("weberror", on_error)
    return complaints


def finish(pages: Iterable[Page]) -> None:
    """Wait until what is still watched has been complained of. A page that has crashed has nothing more to say.

    What it would save when it is closed might reach the store of the next journey.
    """
    for page in pages:
        with suppress(Error):
            page.evaluate("() => { navigator.sendBeacon = () => true; return window.watched?.() }")


def unexpected(complaints: Iterable[int | str], announced: Announced) -> list[str]:
    """What was complained of unannounced, and what was announced and never came; empty when all is as said."""
    seen = set(complaints)
    return [f"complaint: {it}" for it in seen - announced] + [f"did not come: {it}" for it in announced - seen]


def _short(text: str) -> int | str:
    """A refused request by its status, one that found nobody by its network error, the rest by its first line."""
    if found := _STATUS.match(text):
        return int(found[1])
    found = _NETWORK.match(text)
    return found[1] if found else text.partition("\n")[0]
