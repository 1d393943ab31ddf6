// Fetch the form that changes the ticked tasks at the first tick. Without JavaScript a button under the list leads to it.
(() => {
  const form = document.getElementById("bulk");
  const all = document.querySelector("[data-select-all]");
  if (!form || !all) return;
  all.hidden = false;
  form.hidden = true;
  const start = async ({ target }) => {
    if (target !== all && target.form !== form) return;
    document.removeEventListener("change", start);
    try {
      (await import(document.body.dataset.lazy)).startBulk(form, all, target);
    } catch {
      form.hidden = false;
      document.addEventListener("change", start);
    }
  };
  document.addEventListener("change", start);
})();
