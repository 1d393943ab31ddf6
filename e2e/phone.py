"""A phone held in one hand: what is too small for a thumb, what a bar lies over, what is wider than the screen."""

from typing import Any

from playwright.sync_api import Page, ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
ABOVE_KEYBOARD: ViewportSize = {"width": 390, "height": 500}
CONTEXT: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}

# What can be pressed and is shown; a box is pressed by its label, too. WCAG 2.5.5 excepts links in sentences, which are
# as high as their line: a sentence is a block with three words that are no link.
TARGETS = """
  const inSentence = (it) => {
    if (!it.matches("a") || !getComputedStyle(it).display.startsWith("inline")) return false;
    const block = it.parentElement.closest("p, li, dd, dt, td, th, div, h1, h2, h3, section, article");
    const words = [...block.childNodes].filter((node) => !node.contains(it) && !node.matches?.("a, button, .unseen"));
    return words.map((node) => node.textContent).join(" ").split(/[^\\p{L}]+/u).filter(Boolean).length > 2;
  };
  const pressed = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  const shown = [...document.querySelector(within).querySelectorAll(pressed)]
    .filter((it) => it.checkVisibility({visibilityProperty: true}) && !it.closest(".skip") && !it.disabled)
    .map((it) => it.matches("input") && it.closest("label") || it)
    .filter((it) => it.getClientRects().length);
  const targets = [...new Set(shown)].filter((it) => !inSentence(it));
  const kind = (it) => `${it.parentElement.className || it.parentElement.localName} > ${it.localName}.${it.className}`;
  const named = (it) => `${kind(it)} «${(it.textContent.trim() || it.ariaLabel || it.name || "").slice(0, 40)}»`;
  const first = (all) => [...new Map(all.map((it) => [kind(it), it])).values()];
"""
# One of each kind. A card is pressed anywhere: its link is drawn out over all of it.
TOO_SMALL = f"""([within, least]) => {{
  {TARGETS}
  const area = (it) => getComputedStyle(it, "::after").position === "absolute" ? it.offsetParent : it;
  const small = (box) => Math.min(box.width, box.height) < least - 0.1;
  const size = (box) => `${{Math.round(box.width)}} x ${{Math.round(box.height)}}`;
  return first(targets.filter((it) => small(area(it).getBoundingClientRect())))
    .map((it) => `${{named(it)}} is ${{size(it.getBoundingClientRect())}}`);
}}"""
# Each is brought into view as by a press on it; no bar may lie over its middle, or over its beginning if it is high.
COVERED = f"""([within, wanted]) => {{
  {TARGETS}
  const BARS = ".top, .rail, .task-dock, .bulk-bar", found = [], before = document.activeElement;
  for (const it of targets) {{
    const field = it.matches("label") ? it.querySelector("input") : it;
    if (!field.matches(wanted)) continue;
    field.focus();
    it.scrollIntoView({{block: "nearest", inline: "nearest"}});
    const box = it.getBoundingClientRect();
    const x = Math.min(box.x + box.width / 2, innerWidth - 2), y = box.y + Math.min(box.height / 2, 60);
    const met = document.elementFromPoint(x, y);
    if (!it.contains(met) && (!met || met.closest(BARS) && !it.closest(BARS)))
      found.push(`${{named(it)}} lies under ${{met ? kind(met) : "the edge"}} at ${{x.toFixed()}}, ${{y.toFixed()}}`);
  }}
  document.activeElement.blur();
  before.focus();
  return found;
}}"""
TYPED_INTO = "textarea, input:not([type=checkbox], [type=radio], [type=file], [type=date])"
LEAST = 44


def faults(page: Page, within: str = "body") -> list[str]:
    """Return what a thumb can not use on the page as it is now, or within a part of it."""
    width = page.evaluate("document.documentElement.scrollWidth")
    wide = [f"the page is {width} px wide"] if width > PHONE["width"] else []
    found = page.evaluate(TOO_SMALL, [within, LEAST]) + page.evaluate(COVERED, [within, "*"])
    page.set_viewport_size(ABOVE_KEYBOARD)
    found += [f"above the keyboard {it}" for it in page.evaluate(COVERED, [within, TYPED_INTO])]
    page.set_viewport_size(PHONE)
    return wide + found
