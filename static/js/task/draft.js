// Save what is typed on the server as a draft, shortly after typing stops and when the page is left. When the session has
// ended, submit the form in the normal way, so that its text goes through the sign-in page.
(() => {
  const SAVE_MS = 2000;
  const RETRY_MS = 10000;
  const timers = new Map();
  const formOf = (element) => element.closest?.("form[data-draft]");
  const cancel = (form) => {
    clearTimeout(timers.get(form));
    timers.delete(form);
  };
  const schedule = (element, delay) => {
    const form = formOf(element);
    if (!form) return;
    cancel(form);
    timers.set(form, setTimeout(save, delay, form));
  };
  const readFields = (form) => {
    const fields = new FormData(form);
    for (const { name } of form.querySelectorAll("[type=file]")) fields.delete(name);
    return fields;
  };
  const save = async (form) => {
    cancel(form);
    if (!form.isConnected) return;
    const body = readFields(form);
    const { status } = await fetch(form.dataset.draft, { method: "PUT", body }).catch(() => ({ status: 503 }));
    if (status >= 500 && !timers.has(form)) schedule(form, RETRY_MS);
  };
  const saveAll = () => {
    for (const form of timers.keys())
      if (!form.isConnected || navigator.sendBeacon(form.dataset.draft, readFields(form))) cancel(form);
  };
  document.addEventListener("input", ({ target }) => target.name !== "reply" && schedule(target, SAVE_MS));
  document.addEventListener("submit", ({ target }) => cancel(target));
  document.addEventListener("visibilitychange", () => document.hidden && saveAll());
  addEventListener("pagehide", saveAll);
  document.addEventListener("remove:forms", ({ target }) => {
    for (const form of timers.keys()) if (target.contains(form)) save(form);
  });

  document.addEventListener("htmx:before:request", ({ target }) => cancel(target));
  document.addEventListener("htmx:error", ({ target }) => schedule(target, RETRY_MS));
  document.addEventListener("htmx:response:error", ({ target, detail: { ctx } }) => {
    if (ctx.response.status >= 500) schedule(target, RETRY_MS);
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const form = formOf(event.target);
    if (ctx.response.status !== 401 || !form) return;
    event.preventDefault();
    form.setAttribute("action", ctx.request.action);
    for (const files of form.querySelectorAll("[type=file]")) files.disabled = true;
    form.submit();
  });

  document.addEventListener("keydown", ({ key, ctrlKey, metaKey, target }) => {
    if (key === "Enter" && (ctrlKey || metaKey) && target.matches("textarea")) formOf(target)?.requestSubmit();
  });

  // What the forms of a task can do more is loaded with the first of them that is used. It saves choices at once; their
  // button shows only where it can't.
  const { classList, dataset } = document.body;
  classList.add("task-at-once");
  const load = (target, handle) => {
    if (target.matches?.(".compose *, .task-fields *, [name=comment]"))
      import(dataset.lazy).then(handle, () => classList.remove("task-at-once"));
  };
  document.addEventListener("focusin", ({ target }) => load(target, ({ trackCaret }) => trackCaret(target)));
  document.addEventListener("change", ({ target }) => load(target, ({ handleChange }) => handleChange(target)));
})();
