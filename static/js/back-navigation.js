// Back in a list: focus the task that the user comes from. The browser restores everything else.
(() => {
  const findLink = (path) =>
    [...document.querySelectorAll("#tasks .list-subject a")].find((it) => it.pathname === path);
  const previous = document.referrer && new URL(document.referrer).pathname.match(/^\/tasks\/\d+/)?.[0];
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.("#tasks .list-subject a");
    if (link) history.replaceState(link.pathname, "");
  });
  if (history.state) findLink(history.state)?.focus({ preventScroll: true });
  else if (previous) findLink(previous)?.focus();

  // A page from the browser's history must not be older than the user's last write. A message removes other pages from
  // the back/forward cache, and a changed cookie makes stored pages stale (Vary). If one is shown nevertheless, it is
  // loaded again.
  const channel = new BroadcastChannel("wrote");
  const { dataset } = document.body;
  const readMark = () => document.cookie.match(/(?:^|; )wrote=(\w+)/)?.[1] ?? "";
  const saveMark = () => {
    channel.postMessage(0);
    document.cookie = "wrote=" + Date.now().toString(36) + ";path=/;samesite=lax";
  };
  channel.onmessage = () => {};
  document.addEventListener("submit", ({ target: { method, action } }) => {
    if (method !== "post") return;
    sessionStorage.setItem("wrote", Date.now() + " " + action);
    saveMark();
  });
  document.addEventListener("htmx:after:request", ({ target, detail: { ctx } }) => {
    if (ctx.request.method === "GET" || !(ctx.response?.status < 400)) return;
    saveMark();
    dataset.wrote = readMark();
    if (ctx.hx.redirect || ctx.target?.contains(target)) target.reset?.(); // or the browser fills it in again
  });
  addEventListener("pageshow", ({ persisted }) => {
    const isBack = persisted || performance.getEntriesByType("navigation")[0].type === "back_forward";
    if (isBack && dataset.lazy) import(dataset.lazy).then(({ refreshAfterBack }) => refreshAfterBack(readMark()));
  });
})();
