// Show changes of the tasks on the page. A form in use is not touched: a row with the focus in it stays, and a task says
// what has changed and offers to show it.
const UPDATE_MS = 300;
const OWN_MS = 8000;
const MAX_ROWS = 5;
const pending = new Map();

const rowOf = (task, page = document) =>
  [...page.querySelectorAll(".list-subject a")].find((it) => it.pathname === "/tasks/" + task)?.closest("tr");
const noticeOf = (task) => document.querySelector("#task-" + task + " [data-changed]");
const isInUse = (row) => row.contains(document.activeElement) || row.querySelector("[name=task_id]:checked");
const updateRow = async (task, gone) => {
  const row = rowOf(task);
  if (!row) return;
  row.classList.add("changed");
  if (!gone && isInUse(row)) return;
  const origin = row.querySelector(".list-subject a").search.slice(1);
  const next = row.contains(document.activeElement) && (row.nextElementSibling ?? row.previousElementSibling);
  await fetchFragment("/tasks/" + task + "/row?live=1&" + origin, row, "outerHTML", true);
  // The focus of a task that is gone goes on to the next.
  if (next !== false && document.activeElement === document.body)
    (next?.querySelector(".list-subject a") ?? document.getElementById("main")).focus();
};
const shownVersions = (task) => {
  const query = new URLSearchParams([...document.querySelectorAll(".version")].map((it) => ["since", it.value]));
  query.append("entry", document.querySelector("#entries-" + task + " li:last-child")?.id.slice(6) ?? 0);
  return "?" + query;
};
const updateNotice = (task) => {
  const notice = noticeOf(task);
  const query = shownVersions(task);
  // The answer to the user's own write may have shown the change meanwhile: then ask again for what is left.
  const isOutdated = () => shownVersions(task) !== query && (updateNotice(task), true);
  if (notice) fetchFragment(notice.dataset.changed + query, notice, "innerHTML", true, isOutdated);
};
// The stream also reports the user's own writes. The page shows them already, as an entry or in the row that was sent.
const isOwn = (task) => {
  const [at, action] = (sessionStorage.getItem("wrote") ?? "").split(" ");
  return Date.now() - at < OWN_MS && action.includes("/tasks/" + task + "/");
};
const updatePending = () => {
  if (document.hidden || document.querySelector(".htmx-request")) return setTimeout(updatePending, UPDATE_MS);
  for (const [task, change] of [...pending].slice(-MAX_ROWS)) {
    pending.delete(task);
    const gone = change.version === "gone";
    if (gone || !isOwn(task)) updateRow(task, gone);
    // Somebody else's change at the same moment would be missed, so the row is updated once more later.
    else if (rowOf(task)) setTimeout(() => updateTask(change), OWN_MS);
    if (gone || !change.isShown()) updateNotice(task);
  }
  if (pending.size) setTimeout(updatePending, UPDATE_MS);
};
/** Update the row of a changed or deleted task, the task itself, or the notice of its change. */
export const updateTask = (change) => {
  const { task_id, version } = change;
  if (version === "gone" && widget()?.querySelector('[data-task="' + task_id + '"]')) showWidget();
  if (!rowOf(task_id) && !noticeOf(task_id)) return;
  if (!pending.size) setTimeout(updatePending, UPDATE_MS);
  pending.set(task_id, change);
};
/** Take the rows and numbers from the page as it is now. The tasks that are missing there are returned, and asked for. */
export const updateRows = async () => {
  const answer = await fetchHtml(location.href);
  if (answer.status !== 200) return [];
  const page = new DOMParser().parseFromString(answer.text, "text/html");
  for (const name of [".summary", ".told strong"]) {
    const [shown, now] = [document, page].map((it) => it.querySelector(name));
    if (now && !shown?.contains(document.activeElement)) shown?.replaceWith(now);
  }
  const missing = [];
  for (const link of document.querySelectorAll("#tasks .list-subject a")) {
    const row = link.closest("tr");
    const task = link.pathname.slice(7);
    const newRow = rowOf(task, page);
    if (!newRow) {
      missing.push(task);
      updateTask({ task_id: +task, version: "", isShown: () => true });
    } else if (!isInUse(row) && row.textContent !== newRow.textContent) {
      row.replaceWith(newRow);
      htmx.process(newRow);
    }
  }
  return missing;
};
/** Update the page after events that it did not receive. */
export const updatePage = () => {
  const task = document.querySelector(".task[id^=task-]");
  if (task) updateNotice(task.id.slice(5));
  if (document.querySelector(".list-subject")) updateRows();
  fetchCount();
  // A page that never had a notification does not know where to read on. Its count comes alone, a moment later.
  setTimeout(() => widget() && showWidget(), ANSWER_MS);
};
