// The widget shows the newest notifications on any page. It never opens by itself.
const MAX_TASKS = 20;
const ANSWER_MS = 1000;
let bell = document.querySelector("[data-unread]").closest("a");
const widget = () => document.getElementById("widget");
const store = (key, value) => (value ? localStorage.setItem(key, value) : localStorage.removeItem(key));

let loading;
const loadWidget = async () => {
  const status = await fetchFragment(
    bell.pathname + "/widget",
    widget() ?? document.body,
    widget() ? "outerHTML" : "beforeend"
  );
  loading = null;
  return status;
};
const showWidget = () => (loading ??= loadWidget());
const focusTitle = async () => {
  if (widget()) await loadStyles(widget());
  widget()?.querySelector("h2").focus();
};
const hideWidget = () => {
  widget().remove();
  bell.focus();
};
// Put the task with the new notification on top, and keep its older notifications below the new one.
const addTask = (task) => {
  const list = widget().querySelector("[role=log]");
  const old = list.querySelector('[data-task="' + task.dataset.task + '"]');
  task.querySelector("ul").append(...(old?.querySelectorAll("li") ?? []));
  old?.remove();
  list.prepend(task);
  htmx.process(task);
  for (const surplus of [...list.children].slice(MAX_TASKS)) surplus.remove();
};
/** Open the widget, or close it; then the focus goes back to the bell that opened it. Who wants no widget gets the page. */
export const toggleWidget = async (by) => {
  bell = by;
  if (widget()) return hideWidget();
  if ((await showWidget()) === 204) return location.assign(bell.href);
  await focusTitle();
};
/** Show a notification from the stream: its task, the unread count, its sound, and on the desktop. */
export const showNotification = (box, id, at, leads) => {
  lastEventAt = at;
  if (box.dataset.sound) playOnce(box.dataset.sound, id, at);
  notifyDesktop(box, id, leads);
  if (widget()) {
    addTask(box.firstElementChild);
    widget().dataset.count = box.dataset.count;
  }
  showDiagnosis();
};

const actions = {
  minimise: hideWidget,
  reset: () => document.dispatchEvent(new CustomEvent("stream:reset", { detail: +widget().dataset.before })),
  try: async ({ dataset }) => {
    await maySound();
    for (const name of new Set(dataset.sounds.split(" "))) play(name);
  }
};
document.addEventListener("click", ({ target }) => {
  actions[target.closest?.("#widget [data-do]")?.dataset.do]?.(target);
});
document.addEventListener("change", ({ target }) => {
  if (target.matches("input[data-sounds]")) store(SILENT, !target.checked && "1");
});
document.addEventListener("keydown", ({ key, target }) => {
  if (key === "Escape" && target.closest?.("#widget")) hideWidget();
});
document.addEventListener("htmx:after:swap", () => {
  if (!widget()) return;
  widget().querySelector("input[data-sounds]").checked = !localStorage.getItem(SILENT);
  showDiagnosis();
});
// Notifications were read elsewhere, or here: then the answer to that request is on its way and updates the widget first.
document.addEventListener("stream:unread", ({ detail }) => {
  const update = async () => {
    if (!widget() || +widget().dataset.count === +detail.data) return;
    const focused = widget().contains(document.activeElement) && document.activeElement;
    if (focused && !focused.matches("h2")) return;
    await showWidget();
    if (focused) await focusTitle();
  };
  setTimeout(update, ANSWER_MS);
});
