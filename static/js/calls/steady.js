// A press is meant for what stood under the pointer. What a swap has put there instead takes no press for a moment.
(() => {
  const MOMENT_MS = 1000;
  const at = { x: -1, y: -1 };
  let before;
  let held = { until: 0 };
  const under = () => document.elementFromPoint(at.x, at.y)?.closest(".phone :is(button, summary, a)");
  const note = ({ clientX, clientY }) => Object.assign(at, { x: clientX, y: clientY });
  for (const it of ["pointermove", "pointerdown"]) addEventListener(it, note, { capture: true, passive: true });
  document.addEventListener("htmx:before:swap", () => (before = under()?.id));
  document.addEventListener("htmx:after:swap", () => {
    const found = under();
    if (!found) return;
    if (found.id !== before) held = { id: found.id, until: Date.now() + MOMENT_MS };
    const left = held.until - Date.now();
    if (found.id !== held.id || left <= 0) return;
    found.ariaDisabled = "true";
    setTimeout(() => found.removeAttribute("aria-disabled"), left);
  });
  addEventListener(
    "click",
    (event) => {
      if (!event.isTrusted || !event.target.closest?.(".phone [aria-disabled]")) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true
  );
})();
