// The tray holds the forms of a card. It is loaded on first use, and every way of moving the card uses it. The panel shows
// the whole task beside the board.
const loadTray = async (card) => {
  const tray = () => card.querySelector(".tray");
  const { href } = card.querySelector(".grip");
  if (!tray()) await htmx.ajax("GET", href, { source: card, target: card, swap: "beforeend" });
  return tray();
};
const toggleTray = async (card) => {
  // The card counts as open at once, so that no live change replaces it while its tray is loaded.
  const isOpen = card.classList.toggle("open") && (await loadTray(card)) && card.matches(".open");
  if (isOpen) return focus(card, ".tray button, .tray select");
  card.classList.remove("open");
  card.querySelector(".tray")?.remove();
  refresh(card.id.slice(5));
  fetchPending();
  focus(card, ".grip");
};
let openerId;
const openPanel = async (card, address) => {
  openerId = card.id;
  await htmx.ajax("GET", address, { source: $("beside"), target: $("beside"), select: ".task" });
  $("panel").querySelector("button").focus();
};
const closePanel = () => {
  $("beside").replaceChildren();
  focus($(openerId));
};
on("click", (event) => {
  const card = closest(event, ".card");
  const link = closest(event, ".card > a, [data-leave]");
  if (closest(event, "#panel > button")) closePanel();
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.matches(".subject")) openPanel(card, link.href);
  else toggleTray(card);
});
on("htmx:before:request", ({ target }) => {
  const card = target.matches("form") && target.closest(".card");
  if (!card) return;
  card.ariaBusy = "true";
  focusedId = card.id;
});
// An answer replaces the card. A card that was refused, or got no answer, goes back. Only the newest undo is offered.
on("htmx:response:error", ({ detail: { ctx } }) => {
  const card = ctx.sourceElement.closest("[aria-busy]");
  if (card) putBack(card);
});
on("htmx:finally:request", ({ detail: { ctx } }) => {
  const card = ctx.sourceElement.closest("[aria-busy]");
  if (card?.isConnected) putBack(card);
  for (const toast of findAll(".toast:has(form):not(:last-child)", $("toasts"))) toast.remove();
  const task = $("beside").querySelector(".task");
  if (!task?.contains(ctx.sourceElement)) return;
  refresh(task.id.slice(5));
  fetchPending();
});
