"""What is looked at on the screen, at a desk and on a phone: valid HTML that everybody can see and use."""

from collections.abc import Callable, Iterable

from playwright.sync_api import Page, Response, ViewportSize

from e2e import axe, controls, html

PHONE: ViewportSize = {"width": 320, "height": 640}
WIDTHS = (PHONE["width"], 640, 800, 1024, 1216)
DESK: ViewportSize = {"width": 1280, "height": 720}

Look = Callable[[str], None]


def looking(page: Page, html_faults: html.Faults, seen: axe.Seen, faults: list[str]) -> Look:
    """Return a function that looks at what is on the screen, and adds to `faults` under the name that it is given."""
    answers: list[Response] = []
    page.add_init_script(path=axe.SCRIPT)  # most pages here are looked at
    page.on("response", lambda answer: answers.append(answer) if _is_html(answer) else None)

    def look(name: str) -> None:
        found = _invalid(answers, html_faults)
        # In this order the page is drawn again as seldom as can be, which takes longer than to look at it.
        found += _shown(page, "light", seen, whole=True) + _shown(page, "dark", seen)
        page.set_viewport_size(PHONE)
        on_a_phone = too_wide(page) + _shown(page, "dark", seen) + _shown(page, "light", seen)
        page.set_viewport_size(DESK)
        faults.extend(f"{name}: {fault}" for fault in found + [f"on a phone: {fault}" for fault in on_a_phone])

    return look


def _shown(page: Page, colours: axe.Colours, seen: axe.Seen, whole: bool = False) -> list[str]:
    return axe.faults_in(page, colours, seen, whole=whole) + controls.faults_in(page, colours, seen)


def _is_html(answer: Response) -> bool:
    return answer.headers.get("content-type", "").startswith("text/html")


def _invalid(answers: list[Response], html_faults: html.Faults) -> list[str]:
    """Look at the answers since the last look, of which the browser has the last for certain."""
    text = answers[-1].text() if answers else ""
    answers.clear()
    return html_faults(text) if text else []


def too_wide_on_screens(page: Page, addresses: Iterable[str]) -> list[str]:
    """Open pages on a phone, on tablets and on a small desk, and return a fault for each wider than its screen."""
    faults = list[str]()
    for address in addresses:
        page.goto(address)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": PHONE["height"]})
            faults += too_wide(page, width)
    return faults


def too_wide(page: Page, screen: int = PHONE["width"]) -> list[str]:
    width = page.evaluate("() => document.scrollingElement.scrollWidth")
    return [f"{page.url} is {width} px wide on a screen of {screen}"] if width > screen else []
