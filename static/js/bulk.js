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
      (await import(document.body.dataset.lazy)).startBulk(form, all);
    } catch {
      form.hidden = false;
      document.addEventListener("change", start);
    }
  };
  document.addEventListener("change", start);

  // Shift ticks all tasks between two; also before the form is there.
  let last;
  document.addEventListener("click", ({ target, shiftKey }) => {
    if (target.name !== "task_id") return;
    const boxes = [...document.querySelectorAll("#tasks [name=task_id]")];
    const [from, to] = [boxes.indexOf(last), boxes.indexOf(target)].sort((a, b) => a - b);
    if (shiftKey && from >= 0) for (const box of boxes.slice(from, to + 1)) box.checked = target.checked;
    last = target;
  });
})();
