// What single keys do. `key` is a Latin letter, "/" or "?", whatever the layout: letters of other scripts count as the Latin
// letters on their keys.
const GO_MS = 1500;
const STALE_MS = 2000;
const GO_TO = { h: "/", m: "/tasks/my-tasks", a: "/tasks", b: "/tasks/board", n: "/notifications" };
let goUntil = 0;
let lastPath;
let wanted;

const latinKey = ({ key, code, shiftKey }) => {
  if (key < "\x7f") return "?/".includes(key) || !shiftKey ? key.toLowerCase() : "";
  return shiftKey ? "" : code.replace("Key", "").toLowerCase();
};
// Some layouts have no slash on its key: the Russian one has a full stop and, with Shift, a comma.
const readKey = (event) => {
  if (event.code === "Slash" && (event.key === "." || event.key === ",")) return event.shiftKey ? "?" : "/";
  return latinKey(event);
};

/** Fetch a dialog when it is wanted for the first time, and open it as soon as it has its styles. */
const openDialog = async (id, address) => {
  if (!document.getElementById(id)) await fetchFragment(address, document.body, "beforeend");
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return null;
  // Escape closes the dialog, and nothing of the page behind it.
  dialog.onkeydown = (event) => {
    if (event.key === "Escape") event.stopPropagation();
  };
  await loadStyles(dialog);
  if (!dialog.open) dialog.showModal();
  return dialog;
};
// A press beside a dialog closes it.
document.addEventListener("click", ({ target }) => target.matches("dialog.palette") && target.close());

const showHelp = () => openDialog("help", "/keys");

const linkOf = (row) => [...row.querySelectorAll("a[href]")].find((it) => /^\/tasks\/\d+$/.test(it.pathname));
const findRows = () => {
  const parts = document.querySelectorAll("main [name=task_id], main tr a, .start-list a");
  return [...new Set([...parts].map((it) => it.closest("tr, li")))].filter((row) => row && linkOf(row));
};
const currentRow = (rows) =>
  rows.find((row) => row.contains(document.activeElement)) ?? rows.find((row) => linkOf(row).pathname === lastPath);
const moveTo = (step) => {
  const rows = findRows();
  const at = rows.indexOf(currentRow(rows));
  const next = at < 0 && step < 0 ? rows.length - 1 : Math.min(Math.max(at + step, 0), rows.length - 1);
  if (!rows.length) return;
  const link = linkOf(rows[next]);
  link.focus();
  lastPath = link.pathname;
};
const focusField = (within, name) => {
  const field = within?.querySelector("select[name=" + name + "]");
  for (let it = field; it; it = it.parentElement) if (it.matches("details")) it.open = true;
  field?.focus();
  return field;
};
// A form gets the focus when it is there, which other swaps may precede.
const focusWanted = () => {
  if (wanted && focusField(wanted.find(), wanted.name)) wanted = null;
};
document.addEventListener("htmx:after:swap", () => setTimeout(focusWanted));
// The form of the row takes its place, so it is found by its position.
const editRow = (row, name) => {
  const link = row.querySelector("a[href*='edit=1']");
  const at = findRows().indexOf(row);
  if (link && name) wanted = { find: () => findRows()[at], name };
  link?.click();
};
// The form for ticked tasks may be on its way.
const focusBulk = (name) => {
  wanted = { find: () => document.getElementById("bulk"), name };
  focusWanted();
};
const edit = (name) => {
  const row = currentRow(findRows());
  const bulk = document.getElementById("bulk");
  const isTicked = document.querySelector("main [name=task_id]:checked");
  if (name && isTicked && bulk) return focusBulk(name);
  if (row) return editRow(row, name);
  if (name && focusField(document.querySelector(".task-facts"), name)) return;
  document.querySelector("main a[href$='/edit']")?.click();
};
// On a task, its neighbours in the list; on a page with tasks, the next row. At the end of a list the page is only loaded
// again, with a message, which is no step to go back from.
const walk = (rel, step) => {
  const link = document.querySelector(".task-way [rel=" + rel + "]");
  if (!link) moveTo(step);
  else if (link.ariaDisabled) location.replace(link.href);
  else link.click();
};
const openTask = () => {
  const row = currentRow(findRows());
  if (row) linkOf(row).click();
};
// From a list, the fragment of the address gives the focus to the form of the answer.
const answerTask = () => {
  const text = document.querySelector("textarea[id^=comments-][name=comment]");
  const row = currentRow(findRows());
  if (text || !row) return text?.focus();
  const link = linkOf(row);
  link.hash = "comments-" + link.pathname.slice(7) + "-text";
  link.click();
  link.hash = "";
};
// For agents: the first button of a call in hand, else the bar's own.
const focusPhone = () => {
  const bar = document.getElementById("phone-bar");
  const first = (within) => bar?.querySelector(within + ":is(button, summary)");
  (first("section ") ?? first("") ?? bar)?.focus();
};

const pageKeys = {
  "/": () => document.querySelector(".find input").select(),
  "?": showHelp,
  c: () => location.assign("/tasks/new"),
  t: focusPhone,
  j: () => walk("next", 1),
  k: () => walk("prev", -1),
  o: openTask,
  x: () => currentRow(findRows())?.querySelector("[name=task_id]")?.click(),
  e: () => edit(),
  s: () => edit("status_id"),
  p: () => edit("priority_id"),
  a: () => edit("assignee_id"),
  r: answerTask,
  g: ({ timeStamp }) => (goUntil = timeStamp + GO_MS)
};
/** Do what a single key stands for, or Ctrl+K. A key that had to wait long is dropped: nobody expects it any more. */
export const pressKey = (event, isPalette) => {
  if (performance.now() - event.timeStamp > STALE_MS) return;
  wanted = null;
  if (isPalette) return togglePalette();
  const key = readKey(event);
  const goes = event.timeStamp < goUntil && GO_TO[key];
  goUntil = 0;
  if (document.querySelector("dialog[open], .holding")) return;
  if (goes) location.assign(goes);
  else if (!event.repeat || key === "j" || key === "k") pageKeys[key]?.(event);
};
