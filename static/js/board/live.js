// What others do: the cards of tasks that changed are asked for together. One in hand or in use waits.
const LOOK_MS = 1500;
const MOST = 100;
const waits = new Set();
let lost;

const look = async () => {
  const ids = [...waits].filter((id) => !$("card-" + id)?.matches(".open")).slice(0, MOST);
  if (!ids.length || document.hidden || press || board.matches(".holding, :has([aria-busy])")) return;
  for (const id of ids) waits.delete(id);
  const asked = new URLSearchParams(location.search);
  asked.set("ids", ids);
  const answer = await fetch(says.cards + "?" + asked, { headers: { "HX-Request": "true" } }).catch(() => 0);
  if (answer.status !== 200) return ids.forEach(renew);
  await htmx.swap({ text: await answer.text(), sourceElement: board, target: board, swap: "none" });
  settle();
};
const renew = (id) => waits.add(+id);
setInterval(look, LOOK_MS);
on("stream:task_changed", ({ detail }) => renew(JSON.parse(detail.data).task_id));
// What was told while the line was broken is told no more.
on("stream:state", ({ detail: { is } }) => {
  if (lost && is === "live") all(".card").forEach((card) => renew(card.id.slice(5)));
  lost = is !== "live";
});
on("stream:missed", () => location.reload());
