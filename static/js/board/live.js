// Changes by others: fetch the cards of all changed tasks with one request. A card that is held or in use waits.
const FETCH_MS = 1500;
const TIMEOUT_MS = 20000;
const MAX_IDS = 100;
const pending = new Set();

const fetchPending = async () => {
  const ids = [...pending].filter((id) => !$("card-" + id)?.matches(".open")).slice(0, MAX_IDS);
  if (!ids.length || document.hidden || press || board.matches(".holding, :has([aria-busy])")) return;
  for (const id of ids) pending.delete(id);
  const query = new URLSearchParams(location.search);
  query.set("ids", ids);
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { status = 503, text } = await fetch(dataset.cards + "?" + query, { headers: { "HX-Request": "true" }, signal })
    .then(async (answer) => ({ status: answer.status, text: await answer.text() }))
    .catch(() => ({}));
  const isInUse = ids.some((id) => $("card-" + id)?.matches(".open"));
  if (status >= 500 || isInUse) ids.forEach(refresh);
  if (status !== 200 || isInUse) return;
  await htmx.swap({ text, sourceElement: board, target: board, swap: "none" });
  arrange();
};
const refresh = (id) => pending.add(+id);
setInterval(fetchPending, FETCH_MS);
on("stream:task_changed", ({ detail }) => refresh(JSON.parse(detail.data).task_id));
// Missed events are not sent again. New cards are taken from the page as it is now, and all others are refreshed.
const catchUp = async () => {
  const text = await fetch(location, { headers: { Accept: "text/html" } })
    .then((answer) => answer.ok && answer.text())
    .catch(() => "");
  const page = new DOMParser().parseFromString(text || "", "text/html");
  const newCards = findAll(".cards > .card", page).filter((card) => !findAll(".cards > #" + card.id).length);
  $("incoming").append(...newCards.reverse());
  arrange();
  for (const card of findAll(".cards > .card")) refresh(card.id.slice(5));
};
on("stream:missed", catchUp);
