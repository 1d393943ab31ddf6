// The tray holds the forms of a card. It is loaded on first use, and every way of moving the card uses it. The panel shows
// the whole task beside the board.
// A form that is removed saves nothing later, so its draft is saved before: see draft.js.
const saveDrafts = (element) => element.dispatchEvent(new Event("remove:forms", { bubbles: true }));
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
  saveDrafts(card);
  card.querySelector(".tray")?.remove();
  refresh(card.id.slice(5));
  fetchPending();
  focus(card, ".grip");
};
// The address names the task of the panel (#task-7), so that Back closes it and a reload opens it again.
document.body.insertAdjacentHTML(
  "beforeend",
  '<aside id="panel"><button type="button"></button><div id="beside"></div></aside>'
);
const closeButton = $("panel").firstChild;
$("panel").ariaLabel = dataset.panel;
closeButton.ariaLabel = dataset.closing;
let openerId;
const showPanel = async () => {
  const { hash } = location;
  const card = $(hash.replace(/^#task-/, "card-"));
  const wasOpen = $("beside").firstChild;
  if (!card?.matches(".card")) {
    saveDrafts($("beside"));
    $("beside").replaceChildren();
    if (wasOpen) focus($(openerId));
    return;
  }
  openerId = card.id;
  const { href } = card.querySelector(".subject");
  await htmx.ajax("GET", href, { source: $("beside"), target: $("beside"), select: ".task" });
  const task = $("beside").querySelector(".task");
  if (location.hash !== hash) return showPanel();
  if (!task) return closePanel();
  closeButton.focus();
};
on("htmx:before:swap", ({ target }) => target.id === "beside" && saveDrafts(target));
// What can be changed comes first.
on("htmx:before:settle", ({ target }) => target.querySelector("#beside header")?.after(target.querySelector("aside")));
// Another task takes the place of the one in the panel. If the page was opened with a panel there is nothing to go back to.
const openPanel = (card) => {
  const address = "#task-" + card.id.slice(5);
  if ($("beside").firstChild) history.replaceState(history.state, "", address);
  else history.pushState("panel", "", address);
  showPanel();
};
const closePanel = () => {
  if (history.state === "panel") return history.back();
  history.replaceState(null, "", location.pathname + location.search);
  showPanel();
};
on("DOMContentLoaded", showPanel);
window.addEventListener("popstate", showPanel);
on("click", (event) => {
  const card = closest(event, ".card");
  const link = closest(event, ".card > a, [data-leave]");
  if (closest(event, "#panel > button")) closePanel();
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.matches(".subject")) openPanel(card);
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
  // The button that took a move back is gone.
  const [, moved] = ctx.sourceElement.action?.match(/\/(\d+)\/status$/) ?? [];
  if (document.activeElement === document.body) focus($("card-" + moved));
  const task = $("beside").querySelector(".task");
  if (!task?.contains(ctx.sourceElement)) return;
  refresh(task.id.slice(5));
  fetchPending();
});
