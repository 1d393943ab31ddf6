"""Firefox as Debian has it, driven over WebDriver BiDi: W3C's protocol, which it speaks by itself over a WebSocket.

It talks to loopback alone: names are not looked up, and all else goes to a proxy that is not there.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.servers.process import free_port, running

FIREFOX = Path("/usr/bin/firefox-esr")
SECONDS = 20  # of patience; only a machine that is very busy needs more than one
PAUSE_SECONDS = 0.05
WEBSOCKET_IS_THERE = "WebDriverBiDiServer.json"
ENDS = ["network.responseCompleted", "network.fetchError"]
HEARD_OF = ["log.entryAdded", "network.beforeRequestSent", "network.responseStarted", *ENDS]
PREFERENCES: dict[str, bool | int | str] = {
    "intl.accept_languages": "ru-RU, ru",
    # These shut it in.
    "network.dns.disabled": True,
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.failover_direct": False,
    # These spare it most of its vain attempts.
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.prefetch-next": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.newtabpage.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.blockedURIs.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "services.settings.server": "data:,#",
    "signon.rememberSignons": False,
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
}
FOUND = """(css, words) => [...document.querySelectorAll(css)].find((it) =>
  (it.innerText ?? it.textContent).includes(words))"""
AT_HAND = """(css, words) => {
  const it = [...document.querySelectorAll(css)].find((it) => it.checkVisibility() && it.innerText.includes(words))
  it?.scrollIntoView({ block: "center", behavior: "instant" })
  const { x, y, width, height } = it?.getBoundingClientRect() ?? {}
  return it?.contains(document.elementFromPoint(x + width / 2, y + height / 2)) && !it.disabled ? it : null
}"""

Event = dict[str, Any]


class Firefox:
    """A running one. `events` are what it has told by itself so far, oldest first; who begins anew empties them."""

    def __init__(self, connection: ClientConnection) -> None:
        self.events: list[Event] = []
        self._connection, self._numbers = connection, itertools.count(1)

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Carry out a command of the protocol. Raises AssertionError when it is refused."""
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (said := json.loads(self._connection.recv(SECONDS))).get("id") != number:
            self.events.append(said)
        assert said["type"] == "success", f"{method}: {said['error']}: {said['message']}"
        result: dict[str, Any] = said["result"]
        return result

    def told(self) -> list[Event]:
        """All `events`, those on the way included."""
        self.ask("session.status")
        return self.events


class Tab:
    """What a person does in a tab. An element is found by a selector and words that it has: the first that fits."""

    def __init__(self, firefox: Firefox, visitor: str, site: str) -> None:
        self.firefox, self.visitor, self.site = firefox, visitor, site
        self.context = firefox.ask("browsingContext.create", type="tab", userContext=visitor)["context"]

    def go(self, address: str) -> None:
        self._ask("browsingContext.navigate", url=self.site + address, wait="complete")

    def permit(self, name: str) -> None:
        """Say yes to what the site may ask for."""
        granted = {"descriptor": {"name": name}, "state": "granted", "origin": self.site}
        self.firefox.ask("permissions.setPermission", userContext=self.visitor, **granted)

    def close(self) -> None:
        self._ask("browsingContext.close")

    def value(self, function: str, *arguments: str) -> Any:
        """What a function of the page gives: nothing, a primitive, or a reference to an element."""
        given = [{"type": "string", "value": it} for it in arguments]
        told = self._call(function, given)
        return told if told["type"] == "node" else told.get("value")

    def sees(self, css: str, words: str = "", *, seconds: float = SECONDS) -> None:
        """Wait until it is there, with these words in it."""
        seen = f"(css, words) => !!({FOUND})(css, words)"
        until(lambda: bool(self.value(seen, css, words)), f"{words!r} in {css}", seconds=seconds)

    def shows(self, css: str, text: str, *, seconds: float = SECONDS) -> None:
        """Wait until the first of them has this text and no other."""
        shown = "(css) => document.querySelector(css)?.textContent.trim()"
        until(lambda: self.value(shown, css) == text, f"{text!r} alone in {css}", seconds=seconds)

    def press(self, css: str, words: str = "") -> None:
        """Click in its middle with the mouse, as soon as nothing is before it."""
        buttons = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._mouse(self._over(css, words), *buttons)

    def take(self, css: str) -> None:
        """Press the mouse on its middle, and draw it a little."""
        there = self._over(css)
        self._mouse(there, {"type": "pointerDown", "button": 0}, there | {"x": 10, "y": 10}, there | {"x": 20, "y": 20})

    def put(self, css: str) -> None:
        """Draw what the mouse holds over the middle of something, and let go."""
        self._mouse(self._over(css), {"type": "pointerUp", "button": 0})

    def write(self, css: str, text: str) -> None:
        """Click into it and type."""
        self.press(css)
        self.keys(text)

    def choose(self, css: str, option: str) -> None:
        """Take the option of a list by typing its name."""
        self._call("(it) => it.focus()", [{"sharedId": self._at_hand(css)["sharedId"]}])
        self.keys(option)

    def keys(self, text: str) -> None:
        self._act("key", [{"type": kind, "value": it} for it in text for kind in ("keyDown", "keyUp")])

    def _over(self, css: str, words: str = "") -> dict[str, Any]:
        origin = {"type": "element", "element": {"sharedId": self._at_hand(css, words)["sharedId"]}}
        return {"type": "pointerMove", "x": 0, "y": 0, "origin": origin}

    def _mouse(self, *actions: dict[str, Any]) -> None:
        self._act("pointer", list(actions))

    def _at_hand(self, css: str, words: str = "") -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        def looked() -> bool:
            found[:] = filter(None, [self.value(AT_HAND, css, words)])
            return bool(found)

        until(looked, f"{words!r} in {css}, to be pressed")
        return found[0]

    def _act(self, source: str, actions: list[dict[str, Any]]) -> None:
        self._ask("input.performActions", actions=[{"type": source, "id": source, "actions": actions}])

    def _call(self, function: str, arguments: list[dict[str, Any]]) -> dict[str, Any]:
        target = {"context": self.context}
        told = self.firefox.ask(
            "script.callFunction",
            functionDeclaration=function,
            arguments=arguments,
            target=target,
            awaitPromise=True,
        )
        assert told["type"] == "success", told["exceptionDetails"]["text"]
        result: dict[str, Any] = told["result"]
        return result

    def _ask(self, method: str, **parameters: Any) -> None:
        self.firefox.ask(method, context=self.context, **parameters)


def until(holds: Callable[[], bool], what: str, *, seconds: float = SECONDS) -> None:
    """Wait for it. Raises AssertionError when it does not come about."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it did not come about: {what}"
        time.sleep(PAUSE_SECONDS)


def complaints(events: Iterable[Event]) -> list[int | str]:
    """What the console has of errors and warnings, violations of the CSP among them, by its first line, what was
    refused by its status, and what found nobody by its error."""
    said: list[int | str] = []
    for method, about in ((it["method"], it["params"]) for it in events):
        if method == "log.entryAdded" and about["level"] in ("error", "warn"):
            said.append(about["text"].partition("\n")[0])
        elif method == "network.responseCompleted" and about["response"]["status"] >= 400:
            said.append(about["response"]["status"])
        elif method == "network.fetchError" and about["errorText"] != "NS_BINDING_ABORTED":
            said.append(about["errorText"])
    return said


def begun(events: Iterable[Event], path: str) -> dict[str, str]:
    """The requests to that path: the tab of each."""
    sent = (it["params"] for it in events if it["method"] == "network.beforeRequestSent")
    return {it["request"]["request"]: it["context"] for it in sent if path in it["request"]["url"]}


def unfinished(events: Iterable[Event], path: str) -> list[str]:
    """The tabs whose requests to that path have been begun, and not ended."""
    known = list(events)
    ended = {it["params"]["request"]["request"] for it in known if it["method"] in ENDS}
    return [tab for request, tab in begun(known, path).items() if request not in ended]


def answered(events: Iterable[Event], path: str) -> set[str]:
    """The server's ids of the requests to that path whose answers have begun."""
    answers = (it["params"] for it in events if it["method"] == "network.responseStarted")
    headers = (it["response"]["headers"] for it in answers if path in it["request"]["url"])
    return {it["value"]["value"] for each in headers for it in each if it["name"].lower() == "x-request-id"}


@contextmanager
def running_firefox(folder: Path) -> Iterator[Firefox]:
    """Without a screen, with a profile of its own in that empty folder, to the end of the block."""
    port = free_port()
    written = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
    (folder / "user.js").write_text("\n".join(written), encoding="utf-8")
    command: list[str | Path] = [FIREFOX, "--headless", "--no-remote", "--profile", folder]
    command.append(f"--remote-debugging-port={port}")
    there, environ = folder / WEBSOCKET_IS_THERE, {"HOME": str(folder)}
    with (
        running(command, log=folder / "firefox.log", answers=there.exists, env=environ, cwd=folder),
        connect(f"ws://127.0.0.1:{port}/session", max_size=None, compression=None, proxy=None) as connection,
    ):
        firefox = Firefox(connection)
        firefox.ask("session.new", capabilities={})
        firefox.ask("session.subscribe", events=HEARD_OF)
        yield firefox
