// What can be done to a card comes when it is first wanted, and is used by all ways of moving it; the task itself is
// shown beside the board.
const trayOf = async (card) => {
  const tray = () => card.querySelector(".tray");
  if (!tray()) await htmx.ajax("GET", card.querySelector(".grip").href, { source: card, target: card, swap: "beforeend" });
  return tray();
};
const open = async (card) => {
  // It is in use at once: nothing that comes live may take its place while the tray is on its way.
  if (card.classList.toggle("open") && (await trayOf(card)) && card.matches(".open")) return focus(card, ".tray button, .tray select");
  card.classList.remove("open");
  card.querySelector(".tray")?.remove();
  renew(card.id.slice(5));
  look();
  focus(card, ".grip");
};
let opener;
const shut = () => {
  $("beside").replaceChildren();
  focus($(opener));
};
on("click", (event) => {
  const card = within(event, ".card");
  const wanted = within(event, ".card > a, [data-leave]");
  if (within(event, "#panel > button")) shut();
  if (!wanted || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (!wanted.matches(".subject")) return open(card);
  opener = card.id;
  htmx.ajax("GET", wanted.href, { source: $("beside"), target: $("beside"), select: ".task" }).then(() => $("panel").querySelector("button").focus());
});
on("htmx:before:request", ({ target }) => {
  const card = target.matches("form") && target.closest(".card");
  if (!card) return;
  card.ariaBusy = "true";
  focused = card.id;
});
// An answer replaces the card; a refusal where it was taken, and without one it goes back there, too. One way back is
// enough to be offered.
on("htmx:response:error", ({ detail: { ctx } }) => {
  const card = ctx.sourceElement.closest("[aria-busy]");
  if (card) back(card);
});
on("htmx:finally:request", ({ detail: { ctx } }) => {
  const card = ctx.sourceElement.closest("[aria-busy]");
  if (card?.isConnected) back(card);
  for (const toast of all(".toast:has(form):not(:last-child)", $("toasts"))) toast.remove();
  const task = $("beside").querySelector(".task");
  if (task?.contains(ctx.sourceElement)) renew(task.id.slice(5)) && look();
});
