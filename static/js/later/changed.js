// What became of the tasks on the screen. A form in use is not touched: a row with the focus in it stays, a task says
// what has happened and offers to show it.
const LOOK_MS = 300;
const OWN_MS = 8000;
const ROWS = 5;
const waits = new Map();

const renew = (task) => {
  const mark = document.querySelector('.list [name=task_id][value="' + task + '"]');
  const row = mark?.closest("tr");
  if (!row) return;
  row.classList.add("changed");
  if (row.contains(document.activeElement) || mark.checked) return;
  quietly(row.querySelector(".edit").href.replace("&edit=1", "&live=1"), row, "outerHTML");
};
const ask = (task) => {
  const place = document.querySelector("#task-" + task + " [data-changed]");
  const version = document.querySelector(".version")?.value ?? "";
  if (place) quietly(place.dataset.changed + "?since=" + encodeURIComponent(version), place, "innerHTML");
};
// Own acts come back, too: a page shows them already, as an entry or in a row that was just sent.
const look = () => {
  if (document.hidden || document.querySelector(".htmx-request")) return setTimeout(look, LOOK_MS);
  const own = Date.now() - sessionStorage.getItem("wrote") < OWN_MS;
  for (const [task, shown] of [...waits].slice(-ROWS)) {
    if (!own) renew(task);
    if (!shown()) ask(task);
  }
  waits.clear();
};
/** The stream told that a task on the screen has changed. */
export const changed = ({ task_id, shown }) => {
  if (!waits.size) setTimeout(look, LOOK_MS);
  waits.set(task_id, shown);
};
/** The page was away while the others heard. */
export const missed = () => {
  const task = document.querySelector(".task[id^=task-]");
  if (task) ask(task.id.slice(5));
  if (panel()) show();
};
