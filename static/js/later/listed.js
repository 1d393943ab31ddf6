// How many are unread, asked for; and the page of notifications, when something else was read or came than it shows.
let relisting;
const tell = (unread) => document.dispatchEvent(new CustomEvent("stream:unread", { detail: { data: unread } }));

/** Nobody has told this page of late. */
const recount = async () => {
  const answer = await fetch("/tasks/api/notifications?limit=1").catch(() => ({}));
  if (answer.status === 200) tell((await answer.json()).unread_count);
};
/** The browser shows a page that it kept: as it was before its person wrote elsewhere, or with an old count. */
export const cameBack = (mark) => {
  if ((document.body.dataset.wrote ?? "") !== mark) location.reload();
  else recount();
};
/** The page tells another count than the bell. The answer to an act of its own may be about to come; what is in use stays. */
export const relist = () => {
  relisting ??= setTimeout(renewed, ANSWER_MS);
};
const renewed = async () => {
  relisting = null;
  const line = () => document.getElementById("how-many");
  if (!line() || +line().dataset.count === +bell.querySelector("[data-unread]").textContent) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => ({}));
  if (answer.status !== 200) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const place = document.querySelector(".kept.notifications");
  const what = place.contains(document.activeElement) ? "#how-many" : ".kept.notifications";
  const text = page.querySelector(what)?.outerHTML;
  if (!text) return;
  await htmx.swap({ text, sourceElement: place, target: document.querySelector(what), swap: "outerHTML" });
  tell(line().dataset.count);
};
