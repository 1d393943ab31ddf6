// The log of today's calls: fetched again when a call of the agent has changed, but not under a person's hands.
(() => {
  const PAUSE_MS = 700;
  const log = () => document.querySelector("#call-log[data-from]");
  const isSelected = (it) => !getSelection().isCollapsed && getSelection().containsNode(it, true);
  const isInUse = (it) => it.contains(document.activeElement) || isSelected(it);
  let isOld = false;
  let timer;

  const refresh = async () => {
    const old = log();
    if (!isOld || !old || document.hidden || isInUse(old)) return;
    isOld = false;
    const answer = await fetch(old.dataset.from, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(
      () => ({})
    );
    const text = answer.ok && !answer.redirected && (await answer.text().catch(() => ""));
    if (!text || !old.isConnected) return;
    if (isInUse(old)) isOld = true;
    else await htmx.swap({ text, sourceElement: old, target: old, swap: "outerHTML" });
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE_MS);
  };
  document.addEventListener("stream:call", () => {
    isOld = true;
    soon();
  });
  document.addEventListener("focusout", soon);
  document.addEventListener("visibilitychange", soon);
})();
