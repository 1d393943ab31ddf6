// Back in a list: the focus is on the task that one comes from. The browser looks after the rest.
(() => {
  const WROTE = "wrote";
  const task = (path) => [...document.querySelectorAll(".list .subject a")].find((it) => it.pathname === path);
  const before = document.referrer && new URL(document.referrer).pathname.match(/^\/tasks\/\d+/)?.[0];
  document.addEventListener("click", ({ target }) => {
    const link = target.closest?.(".list .subject a");
    if (link) history.replaceState(link.pathname, "");
  });
  if (history.state) task(history.state)?.focus({ preventScroll: true });
  else if (before) task(before)?.focus();

  // A list that the browser keeps for going back tells nothing old: a message lets it go.
  const wrote = new BroadcastChannel(WROTE);
  wrote.onmessage = () => {};
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (ctx.request.method !== "GET" && ctx.response?.status < 400) wrote.postMessage(WROTE);
  });
})();
