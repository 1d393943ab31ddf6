// Complain in the console when an answer takes the focus away, and when the page moves by itself. Each journey fails by
// a complaint that it has not announced: see watching.py.
(() => {
  const LOST_MS = 1000;
  const MOVED = 0.02;
  const TOGETHER_MS = 1000;
  const describe = (it) => it?.outerHTML?.replace(/\s+/g, " ").slice(0, 160) ?? String(it);

  // Scripts may give the focus back a moment after the swap. A press beside all controls takes it away for good reason,
  // and so does Escape.
  let focused, timer;
  const hasFallen = () => focused && [null, document.body].includes(document.activeElement);
  const note = () => {
    const { activeElement: it, body } = document;
    if (it && it !== body) focused = it;
  };
  const check = () => {
    if (hasFallen()) console.error(`the focus fell to the body from ${describe(focused)}`);
    focused = timer = null;
  };
  const watch = () => {
    note();
    // Each swap gets its moment: a second one may have just begun when that of the first is over.
    clearTimeout(timer);
    timer = setTimeout(check, LOST_MS);
  };
  addEventListener("pointerdown", () => (focused = null), true);
  addEventListener("keydown", ({ key }) => key === "Escape" && (focused = null), true);
  addEventListener("htmx:before:request", note, true);
  addEventListener("htmx:before:swap", watch, true);
  // For the end of a journey: until it is certain whether the focus has fallen.
  window.watched = () => new Promise((done) => (timer && hasFallen() ? setTimeout(done, LOST_MS) : done()));

  // What people do may move the page. Until they do anything it stands still, whatever comes: all shifts that follow each
  // other within a second count together.
  let used = false;
  let moved = 0;
  let last = 0;
  let parts = [];
  for (const name of ["pointerdown", "keydown", "input", "resize"]) addEventListener(name, () => (used = true), true);
  matchMedia("print").addEventListener("change", () => (used = true));
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, value, sources, hadRecentInput } of list.getEntries()) {
      if (used || hadRecentInput || matchMedia("print").matches) continue;
      if (startTime - last > TOGETHER_MS) [moved, parts] = [0, []];
      last = startTime;
      moved += value;
      parts.push(`${value.toFixed(3)}: ${sources.map(({ node }) => describe(node)).join(" and ")}`);
    }
    if (moved > MOVED) console.error(`the page moved by ${moved.toFixed(3)}: ${parts.splice(0).join("; ")}`);
  });
  observer.observe({ type: "layout-shift", buffered: true });
})();
