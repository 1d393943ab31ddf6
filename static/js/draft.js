// What is typed is kept on the server, a moment after typing stops and when the page is left, so that it can be offered
// again. A text whose session has ended goes through the sign-in page as it would without scripts.
(() => {
  const PAUSE = 2000;
  const AGAIN = 10000;
  const waiting = new Map();
  const its = (element) => element.closest?.("form[data-draft]");
  const forget = (form) => {
    clearTimeout(waiting.get(form));
    waiting.delete(form);
  };
  const later = (form, pause) => {
    forget(form);
    waiting.set(form, setTimeout(keep, pause, form));
  };
  const typed = (form) => {
    const fields = new FormData(form);
    for (const { name } of form.querySelectorAll("[type=file]")) fields.delete(name);
    return fields;
  };
  const keep = async (form) => {
    forget(form);
    if (!form.isConnected) return;
    const body = typed(form);
    const { status } = await fetch(form.dataset.draft, { method: "PUT", body }).catch(() => ({ status: 503 }));
    if (status >= 500 && !waiting.has(form)) later(form, AGAIN);
  };
  const leave = () => {
    for (const form of waiting.keys())
      if (!form.isConnected || navigator.sendBeacon(form.dataset.draft, typed(form))) forget(form);
  };
  document.addEventListener("input", ({ target }) => its(target) && target.name !== "reply" && later(its(target), PAUSE));
  document.addEventListener("submit", ({ target }) => forget(target));
  document.addEventListener("visibilitychange", () => document.hidden && leave());
  addEventListener("pagehide", leave);

  document.addEventListener("htmx:before:request", ({ target }) => its(target) === target && forget(target));
  document.addEventListener("htmx:error", ({ target }) => its(target) && later(its(target), AGAIN));
  document.addEventListener("htmx:response:error", ({ target, detail: { ctx } }) => {
    if (ctx.response.status >= 500 && its(target)) later(its(target), AGAIN);
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const form = its(event.target);
    if (ctx.response.status !== 401 || !form) return;
    event.preventDefault();
    form.setAttribute("action", ctx.request.action);
    for (const files of form.querySelectorAll("[type=file]")) files.disabled = true;
    form.submit();
  });

  // A reply template goes where the caret was; what sees to that comes with the first comment.
  document.addEventListener("focusin", ({ target }) => {
    if (target.name === "comment") import(document.body.dataset.later).then(({ entered }) => entered(target), () => {});
  });
})();
