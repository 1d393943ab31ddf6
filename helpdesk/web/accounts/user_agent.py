"""Tell in words by which browser or program somebody signed in."""

import re

from helpdesk.errors import Sentence, sentence

# The first that is found counts: most browsers also name those that they are made of.
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "YaBrowser/": "Yandex Browser",
    "Vivaldi/": "Vivaldi",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Macintosh": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
PROGRAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,30}")
UNKNOWN = sentence("Unknown device")


def device(user_agent: str) -> Sentence:
    """Return the browser and its system; of anything else the first word, as curl."""
    browser, system = _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)
    if browser and system:
        return sentence("%(browser)s on %(system)s", browser=browser, system=system)
    program = PROGRAM.match(user_agent)
    name = browser or (program[0] if program and program[0] != "Mozilla" else system)
    return sentence("Program: %(name)s", name=name) if name else UNKNOWN


def _first(names: dict[str, str], user_agent: str) -> str:
    return next((name for mark, name in names.items() if mark in user_agent), "")
