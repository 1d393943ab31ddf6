// The widget: what is new, beside whatever page one is on. Minimised it leaves the count in the bell.
const MOST = 20;
const WIDE = 640;
const ANSWER_MS = 1000;
const MINIMISED = "minimised";
const bell = document.querySelector("[data-unread]").closest("a");
const panel = () => document.getElementById("widget");
const keep = (key, value) => (value ? localStorage.setItem(key, value) : localStorage.removeItem(key));

let coming;
const fetched = async () => {
  await quietly(bell.pathname + "/widget", panel() ?? document.body, panel() ? "outerHTML" : "beforeend");
  coming = null;
};
const show = () => (coming ??= fetched());
const hide = () => {
  keep(MINIMISED, "1");
  panel().remove();
  bell.focus();
};
const opensBySelf = () =>
  +bell.textContent.replace(/\D/g, "") && !localStorage.getItem(MINIMISED) && innerWidth >= WIDE && !document.hidden && !document.getElementById("how-many");
// The group of the same task goes up with what is new in it.
const add = (group) => {
  const list = panel().querySelector("[role=log]");
  const old = list.querySelector('[data-task="' + group.dataset.task + '"]');
  group.querySelector("ul").append(...(old?.querySelectorAll("li") ?? []));
  old?.remove();
  list.prepend(group);
  htmx.process(group);
  for (const more of [...list.children].slice(MOST)) more.remove();
};
/** Somebody wants to see it, or no more. */
export const toggle = async () => {
  if (panel()) return hide();
  keep(MINIMISED);
  await show();
  panel()?.querySelector("h2").focus();
};
/** What the stream told: the task with what is new, the count, and the sound that it makes. */
export const told = (box, id, at) => {
  heard = at;
  if (box.dataset.sound) sound(box.dataset.sound, id, at);
  if (panel()) {
    add(box.firstElementChild);
    panel().dataset.count = box.dataset.count;
  } else if (opensBySelf()) show();
  diagnose();
};

const acts = {
  minimise: hide,
  reset: () => document.dispatchEvent(new CustomEvent("stream:reset", { detail: +panel().dataset.before })),
  try: async ({ dataset }) => {
    await allowed();
    for (const name of new Set(dataset.sounds.split(" "))) play(name);
  },
};
document.addEventListener("click", ({ target }) => acts[target.closest?.("#widget [data-do]")?.dataset.do]?.(target));
document.addEventListener("change", ({ target }) => target.matches("input[data-sounds]") && keep(SILENT, !target.checked && "1"));
document.addEventListener("keydown", ({ key, target }) => key === "Escape" && target.closest?.("#widget") && hide());
document.addEventListener("htmx:after:swap", () => {
  if (!panel()) return;
  panel().querySelector("input[data-sounds]").checked = !localStorage.getItem(SILENT);
  diagnose();
});
// Read elsewhere, or here: then the answer to that is about to come.
document.addEventListener("stream:unread", ({ detail }) => setTimeout(() => {
  if (panel() && +panel().dataset.count !== +detail.data && !panel().contains(document.activeElement)) show();
}, ANSWER_MS));
