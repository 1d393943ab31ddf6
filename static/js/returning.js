// Back in a list: the focus is on the task that one comes from. The browser looks after the rest.
(() => {
  const task = (path) => [...document.querySelectorAll(".list .subject a")].find((it) => it.pathname === path);
  const before = document.referrer && new URL(document.referrer).pathname.match(/^\/tasks\/\d+/)?.[0];
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.(".list .subject a");
    if (link) history.replaceState(link.pathname, "");
  });
  if (history.state) task(history.state)?.focus({ preventScroll: true });
  else if (before) task(before)?.focus();

  // Nothing that the browser keeps for going back tells less than its person wrote since. A message makes it forget
  // pages, a cookie makes it ask anew for those it has stored (Vary); what is shown all the same is read again.
  const wrote = new BroadcastChannel("wrote");
  const { dataset } = document.body;
  const mark = () => document.cookie.match(/(?:^|; )wrote=(\w+)/)?.[1] ?? "";
  const write = () => {
    wrote.postMessage(0);
    document.cookie = "wrote=" + Date.now().toString(36) + ";path=/;samesite=lax";
  };
  wrote.onmessage = () => {};
  document.addEventListener("submit", ({ target: { method, action } }) => {
    if (method !== "post") return;
    sessionStorage.setItem("wrote", Date.now() + " " + action);
    write();
  });
  document.addEventListener("htmx:after:request", ({ target, detail: { ctx } }) => {
    if (ctx.request.method === "GET" || !(ctx.response?.status < 400)) return;
    write();
    dataset.wrote = mark();
    if (ctx.hx.redirect || ctx.target?.contains(target)) target.reset?.(); // or the browser fills it in again
  });
  addEventListener("pageshow", ({ persisted }) => {
    const isBack = persisted || performance.getEntriesByType("navigation")[0].type === "back_forward";
    if (isBack && dataset.later) import(dataset.later).then(({ cameBack }) => cameBack(mark()));
  });
})();
