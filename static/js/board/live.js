// What others do: the cards of tasks that changed are asked for together. One in hand or in use waits.
const LOOK_MS = 1500;
const ANSWER_MS = 20000;
const MOST = 100;
const waits = new Set();

const look = async () => {
  const ids = [...waits].filter((id) => !$("card-" + id)?.matches(".open")).slice(0, MOST);
  if (!ids.length || document.hidden || press || board.matches(".holding, :has([aria-busy])")) return;
  for (const id of ids) waits.delete(id);
  const asked = new URLSearchParams(location.search);
  asked.set("ids", ids);
  const signal = AbortSignal.timeout(ANSWER_MS);
  const { status = 503, text } = await fetch(says.cards + "?" + asked, { headers: { "HX-Request": "true" }, signal }).then(
    async (answer) => ({ status: answer.status, text: await answer.text() }),
  ).catch(() => ({}));
  const isInUse = ids.some((id) => $("card-" + id)?.matches(".open"));
  if (status >= 500 || isInUse) ids.forEach(renew);
  if (status !== 200 || isInUse) return;
  await htmx.swap({ text, sourceElement: board, target: board, swap: "none" });
  settle();
};
const renew = (id) => waits.add(+id);
setInterval(look, LOOK_MS);
on("stream:task_changed", ({ detail }) => renew(JSON.parse(detail.data).task_id));
// What was told meanwhile is told no more. New cards stand on the page as it is now; what became of the others is asked for.
const catchUp = async () => {
  const text = await fetch(location, { headers: { Accept: "text/html" } }).then((answer) => answer.ok && answer.text(), () => "");
  const page = new DOMParser().parseFromString(text || "", "text/html");
  const isHere = (card) => all(".cards > #" + card.id)[0];
  $("incoming").append(...[...page.querySelectorAll(".cards > .card")].filter((card) => !isHere(card)).reverse());
  settle();
  for (const card of all(".cards > .card")) renew(card.id.slice(5));
};
on("stream:missed", catchUp);
