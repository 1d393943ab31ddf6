// The form that changes the ticked tasks is hidden until one is ticked: then static/js/lazy/bulk.js keeps it in sight.
// Without JavaScript it stands under the list.
(() => {
  const form = document.getElementById("bulk");
  const all = document.querySelector("[data-select-all]");
  if (!form || !all) return;
  all.hidden = false;
  form.hidden = true;
  const start = async ({ target }) => {
    if (target !== all && target.form !== form) return;
    document.removeEventListener("change", start);
    (await import(document.body.dataset.lazy)).startBulk(form, all);
  };
  document.addEventListener("change", start);
})();
