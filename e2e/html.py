"""Whether HTML is valid: html-validate looks at it, in a page of the browser's own where no policy of ours holds."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

SCRIPT = Path(__file__).parent.parent / "tests" / "vendor" / "html-validate-11.18.0.min.js"
RULES: dict[str, Any] = {
    "doctype-style": ["error", {"style": "lowercase"}],  # a matter of taste, and this is ours
    "form-dup-name": ["error", {"shared": ["radio", "button", "reset", "submit", "checkbox"]}],  # a box for each task
    "long-title": "off",  # the title of a task's page is its subject
    "no-implicit-button-type": "off",  # a button submits by itself: saying so in each costs bytes on a slow line
    "no-implicit-input-type": "off",  # an input is of text by itself, for the same reason
    "prefer-native-element": ["error", {"exclude": ["listbox"]}],  # the options of the palette are links and buttons
    "tel-non-breaking": "off",  # a number is copied as its person wrote it: styles keep it in one line
    "require-sri": ["error", {"target": "crossorigin"}],  # our own files come from where the page comes from
}
WHOLE = {"root": True, "extends": ["html-validate:recommended", "html-validate:document"], "rules": RULES}
PART = {"root": True, "extends": ["html-validate:recommended"], "rules": RULES}

Faults = Callable[[str], list[str]]

_DOCUMENT = re.compile(r"\s*<!doctype html>", re.IGNORECASE)
_VALIDATE = """async ([text, rules]) => {
  const { HtmlValidate, StaticConfigLoader } = htmlValidate
  const report = await new HtmlValidate(new StaticConfigLoader(rules)).validateString(text)
  return report.results.flatMap((result) => result.messages)
}"""


@contextmanager
def validator(browser: Browser) -> Iterator[Faults]:
    """A function that tells what is wrong with a page or a fragment, each with its place; an empty list: nothing."""
    page = browser.new_page()
    page.add_script_tag(path=SCRIPT)

    def faults(text: str) -> list[str]:
        rules = WHOLE if _DOCUMENT.match(text) else PART
        # htmx makes a template of its own element before it takes out what is in it.
        found = page.evaluate(_VALIDATE, [re.sub(r"(</?)hx-partial", r"\1template", text), rules])
        return [f"line {it['line']}: {it['ruleId']}: {it['message']}: {_line(text, it['line'])}" for it in found]

    yield faults
    page.close()


def _line(text: str, number: int) -> str:
    lines = text.splitlines()
    return lines[number - 1].strip()[:160] if 0 < number <= len(lines) else ""
