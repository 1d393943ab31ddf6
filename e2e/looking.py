"""What is looked at on the screen, at a desk and on a phone: valid HTML that everybody can see and use."""

from collections.abc import Callable

from playwright.sync_api import Page, Response, ViewportSize

from e2e import axe, controls, html

PHONE: ViewportSize = {"width": 320, "height": 640}
DESK: ViewportSize = {"width": 1280, "height": 720}

Look = Callable[[str], None]


def looking(page: Page, html_faults: html.Faults, seen: axe.Seen, faults: list[str]) -> Look:
    """Return a function that looks at what is on the screen, and adds to `faults` under the name that it is given."""
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer) if _is_html(answer) else None)

    def look(name: str) -> None:
        found = [*_invalid(answers, html_faults), *axe.new_faults(page, seen, whole=True), *controls.faults(page, seen)]
        faults.extend(f"{name}: {fault}" for fault in found + _on_a_phone(page, seen))

    return look


def _is_html(answer: Response) -> bool:
    return answer.headers.get("content-type", "").startswith("text/html")


def _invalid(answers: list[Response], html_faults: html.Faults) -> list[str]:
    """Look at the answers since the last look, of which the browser has the last for certain."""
    text = answers[-1].text() if answers else ""
    answers.clear()
    return html_faults(text) if text else []


def _on_a_phone(page: Page, seen: axe.Seen) -> list[str]:
    page.set_viewport_size(PHONE)
    width = page.evaluate("() => document.scrollingElement.scrollWidth")
    faults = axe.new_faults(page, seen, paints=True) + controls.faults(page, seen)
    page.set_viewport_size(DESK)
    if width > PHONE["width"]:
        faults.append(f"{page.url} is {width} px wide on a screen of {PHONE['width']}")
    return [f"on a phone: {fault}" for fault in faults]
