// A session that ended while somebody was typing: the text is put back after the same person signed in again, once,
// into its own form, and is never sent by itself.
(() => {
  const KEY = "kept-text";
  const person = document.body.dataset.person;
  document.addEventListener("htmx:response:error", ({ target, detail: { ctx } }) => {
    const form = target.closest?.("form");
    if (ctx.response.status !== 401 || !form?.id || !person) return;
    const fields = [...form.elements].filter((field) => field.id && field.matches("textarea, select, [type=checkbox]"));
    const kept = { person, values: fields.map((field) => [field.id, field.type === "checkbox" ? field.checked : field.value]) };
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  });
  const kept = JSON.parse(sessionStorage.getItem(KEY) || "null");
  if (!kept || !person) return;
  if (kept.person === person && !document.getElementById(kept.values[0]?.[0])) return;
  sessionStorage.removeItem(KEY);
  if (kept.person !== person) return;
  for (const [id, value] of kept.values) {
    const field = document.getElementById(id);
    if (!field) continue;
    if (field.type === "checkbox") field.checked = value;
    else field.value = value;
    if (value) field.closest("details")?.setAttribute("open", "");
  }
  document.getElementById("toasts").append(document.getElementById("text-kept").content.cloneNode(true));
})();
