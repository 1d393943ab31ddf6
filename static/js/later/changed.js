// What became of the tasks on the screen. A form in use is not touched: a row with the focus in it stays, a task says
// what has happened and offers to show it.
const LOOK_MS = 300;
const OWN_MS = 8000;
const ROWS = 5;
const waits = new Map();

const markOf = (task) => document.querySelector('.list [name=task_id][value="' + task + '"]');
const placeOf = (task) => document.querySelector("#task-" + task + " [data-changed]");
const isUsed = (row) => row.contains(document.activeElement) || row.querySelector("[name=task_id]:checked");
const renew = (task, gone) => {
  const row = markOf(task)?.closest("tr");
  if (!row) return;
  row.classList.add("changed");
  if (!gone && isUsed(row)) return;
  quietly(row.querySelector(".edit").href.replace("&edit=1", "&live=1"), row, "outerHTML", true);
};
const shows = (task) => {
  const told = new URLSearchParams([...document.querySelectorAll(".version")].map((it) => ["since", it.value]));
  told.append("entry", document.querySelector("#entries-" + task + " li:last-child")?.id.slice(6) ?? 0);
  return "?" + told;
};
const ask = (task) => {
  const place = placeOf(task), asked = shows(task);
  // The answer to an act of one's own may bring the news meanwhile: then it is asked once more what is left of it.
  const late = () => shows(task) !== asked && (ask(task), true);
  if (place) quietly(place.dataset.changed + asked, place, "innerHTML", true, late);
};
// Own acts come back, too: a page shows them already, as an entry or in a row that was just sent.
const isOwn = (task) => {
  const [at, action] = (sessionStorage.getItem("wrote") ?? "").split(" ");
  return Date.now() - at < OWN_MS && action.includes("/tasks/" + task + "/");
};
const look = () => {
  if (document.hidden || document.querySelector(".htmx-request")) return setTimeout(look, LOOK_MS);
  for (const [task, act] of [...waits].slice(-ROWS)) {
    waits.delete(task);
    const gone = act.version === "gone";
    if (gone || !isOwn(task)) renew(task, gone);
    // What another did in that very moment would be missed: it is looked at once more.
    else if (markOf(task)) setTimeout(() => changed(act), OWN_MS);
    if (gone || !act.shown()) ask(task);
  }
  if (waits.size) setTimeout(look, LOOK_MS);
};
/** The stream told that a task has changed, or that it is gone: on the screen are its row, itself, or news of it. */
export const changed = (act) => {
  const { task_id, version } = act;
  if (version === "gone" && panel()?.querySelector('[data-task="' + task_id + '"]')) show();
  if (!markOf(task_id) && !placeOf(task_id)) return;
  if (!waits.size) setTimeout(look, LOOK_MS);
  waits.set(task_id, act);
};
// The rows as they are now, from the page itself; one that is there no more is asked for.
const catchUp = async () => {
  const answer = await fetch(location, { headers: { Accept: "text/html" } }).catch(() => ({}));
  if (answer.status !== 200) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const { value } of document.querySelectorAll(".list [name=task_id]")) {
    const row = markOf(value).closest("tr");
    const now = page.querySelector('.list [name=task_id][value="' + value + '"]')?.closest("tr");
    if (!now) changed({ task_id: +value, version: "", shown: () => true });
    else if (!isUsed(row) && row.textContent !== now.textContent) {
      row.replaceWith(now);
      htmx.process(now);
    }
  }
};
/** Something happened that this page did not hear of. */
export const missed = () => {
  const task = document.querySelector(".task[id^=task-]");
  if (task) ask(task.id.slice(5));
  if (document.querySelector(".list [name=task_id]")) catchUp();
  recount();
  // Of what came first of all nobody knew where to read on: its count comes alone, a moment later.
  setTimeout(() => (panel() || opensBySelf()) && show(), ANSWER_MS);
};
