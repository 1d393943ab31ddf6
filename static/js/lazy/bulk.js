// The form that changes the ticked tasks: in sight while anything is ticked, gone otherwise.
const boxes = () => [...document.querySelectorAll("#tasks [name=task_id]")];
const ticked = () => boxes().filter((box) => box.checked);
// Shift ticks all tasks between two; also before the form is there.
const tickRanges = (first) => {
  let last = first;
  document.addEventListener("click", ({ target, shiftKey }) => {
    if (target.name !== "task_id") return;
    const [from, to] = [boxes().indexOf(last), boxes().indexOf(target)].sort((a, b) => a - b);
    if (shiftKey && from >= 0) for (const box of boxes().slice(from, to + 1)) box.checked = target.checked;
    last = target;
  });
};
/** Put the form in place of the button, and keep it in sight. If the line is lost, the button leads to the form. */
export const startBulk = async (button, all, first) => {
  const tickAll = () => boxes().forEach((box) => (box.checked = all.checked));
  if (all.checked) tickAll();
  tickRanges(first);
  await fetchFragment(button.action + "?" + new URLSearchParams(new FormData(button)), button, "outerHTML");
  const form = document.getElementById("bulk");
  form.hidden = false;
  if (form === button) return;
  // The assignees are those that the task ticked first may have. A person that was chosen stays chosen if it is among them.
  let asked;
  const updateAssignees = async () => {
    const [{ value: task }] = ticked();
    asked = task;
    const { status, text } = await fetchHtml(form.action + "?task_id=" + task, HTMX);
    if (status !== 200 || asked !== task) return;
    const page = new DOMParser().parseFromString(text, "text/html");
    const select = form.querySelector("[name=assignee_id]");
    const { value } = select;
    select.replaceChildren(...page.querySelector("[name=assignee_id]").children);
    select.value = value;
    if (select.selectedIndex < 0) select.value = "";
  };
  let count = ticked().length;
  const show = () => {
    const { length } = ticked();
    if (length && !count) updateAssignees();
    count = length;
    form.hidden = !length;
    form.querySelector("output").textContent = length;
    all.checked = length > 0 && length === boxes().length;
    all.indeterminate = length > 0 && !all.checked;
  };
  form.classList.add("bulk-bar");
  form.querySelector("[data-ticked]").hidden = false;
  all.addEventListener("change", tickAll);
  document.addEventListener("change", show);
  // What was refused stays ticked. If nothing was, the bar goes, and the focus to a task that was changed. Taking an earlier
  // change back leaves the form as it is.
  document.addEventListener("htmx:after:swap", async ({ detail: { ctx } }) => {
    const isBulk = ctx.sourceElement?.action === form.action;
    if (!isBulk || ctx.response?.status >= 400) return;
    if (ctx.sourceElement !== form) {
      await updateRows();
      return show();
    }
    const refused = document.querySelector("#toasts [data-refused]:last-child")?.dataset.refused.split(" ") ?? [];
    const changed = ticked().map((box) => box.value);
    form.reset();
    document.getElementById("bulk-fault").textContent = "";
    for (const box of boxes()) box.checked = refused.includes(box.value) && changed.includes(box.value);
    const missing = await updateRows();
    const next = boxes().find(({ value }) => changed.includes(value) && !missing.includes(value));
    if (!ticked().length && form.contains(document.activeElement)) (next ?? document.getElementById("main")).focus();
    show();
  });
  show();
};
