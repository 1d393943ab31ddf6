"""WebKit, the engine of Safari, as Debian has it, driven over W3C's WebDriver on a screen of its own that nobody sees.

It is given no proxy and only addresses of loopback.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx

from e2e.firefox import until
from tests.servers.process import free_port, running

DRIVER = Path("/usr/bin/WebKitWebDriver")
SCREEN = Path("/usr/bin/Xvfb")
BROWSER = Path("/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C's key of a reference to an element
GONE = ("stale element reference", "element not interactable")
SECONDS = 20
DISPLAYS = range(100, 1_000)
AT_HAND = """const [css, words] = arguments
const it = [...document.querySelectorAll(css)].find((it) => it.getClientRects().length && it.innerText.includes(words))
it?.scrollIntoView({ block: "center", behavior: "instant" })
return it && !it.disabled ? it : null"""


class WebKit:
    """A window of it. An element is found by a selector and words that it has: the first that is to be seen."""

    def __init__(self, driver: httpx.Client, site: str) -> None:
        self.driver, self.site = driver, site

    def go(self, address: str) -> None:
        self._ask("url", url=self.site + address)

    def value(self, script: str, *arguments: Any) -> Any:
        """What the body of a function of the page returns."""
        return self._ask("execute/sync", script=script, args=list(arguments))

    def sees(self, css: str, words: str = "") -> None:
        script = (
            "return [...document.querySelectorAll(arguments[0])].some((it) => it.textContent.includes(arguments[1]))"
        )
        until(lambda: bool(self.value(script, css, words)), f"{words!r} in {css}", seconds=SECONDS)

    def press(self, css: str, words: str = "") -> None:
        """Click on it; once more when another page took its place meanwhile."""

        def pressed() -> bool:
            answer = self.driver.post(f"element/{self._at_hand(css, words)}/click", json={})
            assert answer.is_success or answer.json()["value"]["error"] in GONE, answer.text
            return answer.is_success

        until(pressed, f"a click on {words!r} in {css}", seconds=SECONDS)

    def write(self, css: str, text: str) -> None:
        self._ask(f"element/{self._at_hand(css)}/value", text=text)

    def choose(self, css: str, option: str) -> None:
        """Choose an option of a list by its text."""
        script = """const [css, text] = arguments, list = document.querySelector(css)
          list.value = [...list.options].find((it) => it.text === text).value
          list.dispatchEvent(new Event("change", { bubbles: true }))"""
        self.value(script, css, option)

    def keys(self, text: str) -> None:
        """Type where the focus is."""
        actions = [{"type": kind, "value": it} for it in text for kind in ("keyDown", "keyUp")]
        self._ask("actions", actions=[{"type": "key", "id": "keys", "actions": actions}])

    def _at_hand(self, css: str, words: str = "") -> str:
        found: list[str] = []

        def looked() -> bool:
            if there := self.value(AT_HAND, css, words):
                found.append(there[ELEMENT])
            return bool(found)

        until(looked, f"{words!r} in {css}, to be pressed", seconds=SECONDS)
        return found[0]

    def _ask(self, command: str, **parameters: Any) -> Any:
        answer = self.driver.post(command, json=parameters)
        value = answer.json()["value"]
        assert answer.is_success, f"{command}: {value['error']}: {value['message']}"
        return value


@contextmanager
def running_webkit(folder: Path, site: str) -> Iterator[WebKit]:
    """A window with an empty profile in that folder, to the end of the block."""
    display, port = f":{random.choice(DISPLAYS)}", free_port()
    environ = {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "DISPLAY": display,
        "LANG": "ru_RU.UTF-8",
        "LANGUAGE": "ru",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",  # as root it does not start otherwise
    }
    screen = [SCREEN, display, "-screen", "0", "1280x900x24", "-nolisten", "tcp"]
    socket, address = Path(f"/tmp/.X11-unix/X{display[1:]}"), f"http://127.0.0.1:{port}"
    with (
        running(screen, log=folder / "screen.log", answers=socket.exists),
        running([DRIVER, f"--port={port}"], log=folder / "webkit.log", answers=lambda: _answers(address), env=environ),
        httpx.Client(base_url=address, timeout=60, trust_env=False) as driver,
    ):
        options = {"webkitgtk:browserOptions": {"binary": str(BROWSER), "args": ["--automation"]}}
        session = driver.post("/session", json={"capabilities": {"alwaysMatch": options}}).json()["value"]
        driver.base_url = httpx.URL(f"{address}/session/{session['sessionId']}/")
        yield WebKit(driver, site)
        driver.delete("")


def _answers(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{address}/status", trust_env=False).is_success
    return False
