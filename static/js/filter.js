// A filter applies as soon as it is chosen, and has the focus again when the list is there. Days and words are sent by
// Enter or the button, because half a date is a date, too.
(() => {
  const KEY = "filter";
  const name = sessionStorage.getItem(KEY);
  sessionStorage.removeItem(KEY);
  if (name) document.querySelector("[data-applies] [name=" + name + "]")?.focus({ preventScroll: true });
  document.addEventListener("change", ({ target }) => {
    if (!target.matches("[data-applies] :is(select, [type=checkbox])")) return;
    sessionStorage.setItem(KEY, target.name);
    target.form.requestSubmit();
  });
})();
