// The unread count, and the page of notifications when it shows another count than the bell.
let refreshTimer;
const publishCount = (unread) => document.dispatchEvent(new CustomEvent("stream:unread", { detail: { data: unread } }));

const fetchCount = async () => {
  const answer = await fetch("/tasks/api/notifications?limit=1").catch(() => ({}));
  const page = answer.status === 200 && (await answer.json().catch(() => null));
  if (page) publishCount(page.unread_count);
};
/** Update a page from the browser's history, which may be older than the user's last write or the last notification. */
export const refreshAfterBack = (mark) => {
  if ((document.body.dataset.wrote ?? "") !== mark) location.reload();
  else fetchCount();
};
/** Update the list of notifications a moment later, as the answer to the user's own write may do it first. */
export const refreshList = () => {
  refreshTimer ??= setTimeout(reloadList, ANSWER_MS);
};
const reloadList = async () => {
  refreshTimer = null;
  const summary = () => document.getElementById("how-many");
  if (!summary() || +summary().dataset.count === +bell.querySelector("[data-unread]").textContent) return;
  const answer = await fetchHtml(location.href);
  if (answer.status !== 200) return;
  const page = new DOMParser().parseFromString(answer.text, "text/html");
  const list = document.querySelector(".kept.notifications");
  const selector = list.contains(document.activeElement) ? "#how-many" : ".kept.notifications";
  const text = page.querySelector(selector)?.outerHTML;
  if (!text) return;
  await htmx.swap({ text, sourceElement: list, target: document.querySelector(selector), swap: "outerHTML" });
  publishCount(summary().dataset.count);
};
