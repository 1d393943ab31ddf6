// The monitor's pages, fetched again when a status has changed and each minute, while somebody can see them. What one
// has the focus on keeps it, also when it has moved; a selection is left alone.
(() => {
  const PAUSE_MS = 700;
  const EVERY_MS = 60000;
  const part = () => document.querySelector("#hosts[data-from], #host-now[data-from]");
  const isSelected = (it) => !getSelection().isCollapsed && getSelection().containsNode(it, true);
  let isOld = false;
  let focused = "";
  let timer;

  const refresh = async () => {
    const old = part();
    if (!isOld || !old || document.hidden || isSelected(old)) return;
    isOld = false;
    const answer = await fetch(old.dataset.from, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(
      () => ({})
    );
    const text = answer.ok && !answer.redirected && (await answer.text().catch(() => ""));
    if (!text || !old.isConnected) return;
    await htmx.swap({ text, sourceElement: old, target: old, swap: "outerHTML" });
    if (focused && document.activeElement === document.body)
      part()?.querySelector(focused)?.focus({ preventScroll: true });
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE_MS);
  };
  const mark = () => {
    isOld = true;
    soon();
  };
  // A host that is down has a link above all groups, too.
  document.addEventListener("focusin", ({ target }) => {
    const list = part()?.contains(target) && target.closest("a") && target.closest("table, ul");
    focused = list ? list.localName + ' a[href="' + CSS.escape(target.getAttribute("href")) + '"]' : "";
  });
  document.addEventListener("pointerdown", () => {
    focused = "";
  });
  for (const name of ["stream:netmonitor", "stream:missed"]) document.addEventListener(name, mark);
  setInterval(mark, EVERY_MS);
  document.addEventListener("visibilitychange", soon);
  document.addEventListener("selectionchange", () => isOld && soon());
})();
