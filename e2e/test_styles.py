"""Our stylesheets as they are sent say what they say as they were written, by a browser's own reading."""

from playwright.sync_api import Browser

from helpdesk.paths import folder
from helpdesk.web.edge.static_files import minified

RULES = """(text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    // A custom property is told as it was typed, blanks behind its commas, too.
    return [...sheet.cssRules].map((rule) => rule.cssText.replaceAll(", ", ","));
}"""


def test_a_stylesheet_sent_has_the_rules_of_the_one_written(browser: Browser) -> None:
    page = browser.new_page()
    for file in sorted((folder("static") / "css").rglob("*.css")):
        written = file.read_text("utf-8")
        rules = page.evaluate(RULES, written)
        assert rules and page.evaluate(RULES, minified(file)) == rules, file.name
    page.close()
