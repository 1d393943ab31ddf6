// The forms of a task: a choice among its facts is saved at once, chosen files are named.
// A choice made by keys waits for Enter or until its control is left: each arrow key is a choice of its own, and each digit
// of a day a day.
const waiting = new Set();
const sent = new WeakMap();
// The last key, empty after a press; unknown until something happens here, since the first keys may come before this script.
let key;
const isChoice = (it) => it.matches?.("[data-at-once]");
const savedIndex = ({ options }) =>
  Math.max(
    [...options].findIndex((it) => it.defaultSelected),
    0
  );
const isChanged = (control) =>
  control.options ? control.selectedIndex !== savedIndex(control) : control.value !== control.defaultValue;
// Escape leaves a control, so that single keys count again. A choice that was not sent is taken back.
const leaveChoice = (control) => {
  if (sent.get(control) !== control.value) {
    if (control.options) control.selectedIndex = savedIndex(control);
    else control.value = control.defaultValue;
  }
  control.blur();
};
// Half a date is no choice: the saved one is put back, and a toast says so.
const putBack = (control) => {
  if (!control.validity.badInput) return;
  control.value = control.defaultValue;
  const box = document.getElementById("toasts");
  box.insertAdjacentHTML("beforeend", box.dataset.lost);
  box.lastElementChild.querySelector("p").textContent = control.dataset.half;
};
// `waiting` has the ids of choices made, and of buttons pressed, while the form was being sent.
const saveChoice = (select) => {
  if (!select?.isConnected) return;
  for (const it of select.form.elements) putBack(it); // also one that was left before this script was there
  if (!isChanged(select) || sent.get(select) === select.value) return;
  if (select.form.matches(".htmx-request")) return waiting.add(select.id);
  if (!select.form.reportValidity()) return;
  sent.set(select, select.value);
  select.form.requestSubmit();
};
const makeUp = (it) => (it?.matches("button") ? it.form.requestSubmit(it) : saveChoice(it));
const showNames = (input) => {
  const list = document.getElementById(input.id + "-names");
  const names = [...input.files].map(({ name }) => name).join(", ");
  list?.replaceChildren(names);
  if (!names || !list) return;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "quiet", textContent: "✕", title: list.dataset.clear });
  button.onclick = () => {
    input.value = "";
    showNames(input);
    input.focus();
  };
  list.append(button);
};
// A day that is still being typed may be another day on its way. It is saved when its control is left.
const isSettled = (control) => control.options || control !== document.activeElement;
/** Save a choice that was made, or name the files that were chosen. */
export const handleChange = (control) => {
  if (control.type === "file") showNames(control);
  else if (!isChoice(control)) return;
  else if (key === "" || key === "Enter" || (key === undefined && isSettled(control))) saveChoice(control);
};
const closeMenu = () => document.querySelector(".compose-send details[open]")?.removeAttribute("open");
document.addEventListener("pointerdown", ({ target }) => {
  key = "";
  if (!target.closest(".compose-send details")) closeMenu();
});
document.addEventListener("keydown", (event) => {
  const { target } = event;
  key = event.key;
  if (key === "Escape" && target.closest(".compose-send details")) {
    target.closest("details").querySelector("summary").focus();
    closeMenu();
  }
  if (!isChoice(target)) return;
  if (key === "Escape") leaveChoice(target);
  if (key !== "Enter" || (target.options && !isChanged(target))) return;
  event.preventDefault(); // it would send the form of a day, too, and open the list of choices in Chromium
  saveChoice(target);
});
document.addEventListener("focusout", ({ target }) => {
  if (isChoice(target)) saveChoice(target);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest(".task-fields button:not(.task-save)");
  if (!button?.form.matches(".htmx-request")) return;
  event.preventDefault();
  waiting.add(button.id);
});
// A choice that was not saved can be saved again, and by a button, too.
const finish = ({ target }, failed) => {
  if (!target.matches?.(".task-fields")) return;
  if (failed) for (const it of target.elements) sent.delete(it);
  // The button goes when it is needed no more.
  if (!failed && document.activeElement.matches(".task-save")) target.querySelector("[data-at-once]").focus();
  document.body.classList.toggle("task-at-once", !failed);
};
document.addEventListener("htmx:error", (event) => finish(event, true));
document.addEventListener("htmx:after:request", (event) => finish(event, event.detail.ctx.response.status >= 400));
document.addEventListener("htmx:finally:request", () => {
  const ids = [...waiting];
  waiting.clear();
  document.querySelector(".task-fields")?.classList.remove("typed");
  setTimeout(() => ids.forEach((id) => makeUp(document.getElementById(id))));
});
