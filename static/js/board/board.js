// The board. Each card goes to the cell that it names itself (data-at), whichever request brought it. Totals and "Show
// more" follow.
const $ = (id) => document.getElementById(id);
const board = $("board");
const { dataset } = board;
const SLIDE_MS = 120;
const IN_USE = ".held, .keyed, .open, [aria-busy]";
const findAll = (selector, parent = board) => [...parent.querySelectorAll(selector)];
const cardsOf = (status) => findAll('.cards[data-status="' + status + '"] > .card');
const announce = (text, value) => ($("spoken").textContent = text.replace("%s", value));
const focus = (card, selector = ".subject") => card?.querySelector(selector)?.focus();
const closest = (event, selector) => event.target.closest?.(selector);
const on = (name, handle, options) => document.addEventListener(name, handle, options);
let focusedId;

// When a task was changed, if the newest come first. Cards of the page as it was loaded keep their order.
const changedAt = (card) => Math.max(card.dataset.on ?? 0, dataset.on);
const place = (card) => {
  const cell = $("cards-" + card.dataset.at);
  const old = findAll(".cards > #" + card.id).find((it) => it !== card);
  if (old && (old === press?.card || old.matches(IN_USE))) {
    refresh(card.id.slice(5));
    return card.remove();
  }
  if (!cell && card.dataset.at) return location.reload();
  if (!cell) card.remove();
  else if (old?.parentNode === cell && !(changedAt(card) > changedAt(old))) old.before(card);
  else {
    const next = [...cell.children].find((it) => !(changedAt(it) > changedAt(card)));
    cell.insertBefore(card, next);
  }
  if (old?.contains(document.activeElement)) focusedId = card.id;
  old?.remove();
};
const updateTally = (tally) => {
  const status = tally.id.slice(6);
  const { length } = cardsOf(status);
  const isPart = length < tally.dataset.total && !tally.closest(".folded");
  tally.querySelector("[data-shown]").textContent = isPart ? length + " " + dataset.of + " " : "";
  $("more-" + status).hidden = !isPart;
};
const sumTotals = (phases) => {
  const heads = findAll(".column").filter((it) => phases.some((phase) => it.classList.contains(phase)));
  return heads.reduce((total, it) => total + +it.querySelector(".tally").dataset.total, 0);
};
// Cards that come, go or make room slide to their places, so that nobody loses sight of them.
const slide = (change) => {
  const places = findAll(".cards > .card").map((card) => [card.id, card.getBoundingClientRect()]);
  change();
  if (matchMedia("(prefers-reduced-motion)").matches) return;
  for (const [id, { x, y, width }] of places) {
    const now = width && $(id)?.getBoundingClientRect();
    const [dx, dy] = [x - now?.x, y - now?.y];
    if (dx || dy) $(id).animate({ translate: [dx + "px " + dy + "px", "0"] }, SLIDE_MS);
  }
};
const arrangeCards = () => {
  const known = new Set();
  for (const card of findAll(".card:not(.keyed, [aria-busy])")) {
    const previous = card.previousElementSibling;
    if (card.parentNode.id !== "cards-" + card.dataset.at) place(card);
    else if (known.has(card.id)) card.remove();
    else if (previous && changedAt(card) > changedAt(previous)) place(card);
    known.add(card.id);
  }
};
const arrange = () => {
  slide(arrangeCards);
  findAll(".tally").forEach(updateTally);
  for (const it of findAll("[data-phases]", document)) it.textContent = sumTotals(it.dataset.phases.split(" "));
  for (const it of findAll(".lane > h2 > span")) it.textContent = findAll(".card", it.closest(".lane")).length;
  const card = $(focusedId);
  if (!card || card.matches("[aria-busy]")) return;
  if (document.activeElement === document.body) focus(card);
  focusedId = null;
};
on("htmx:after:swap", arrange);
// Do not skip the cards of pending tasks, which may have left the column. A card that comes twice is removed.
on("htmx:config:request", ({ target: { id }, detail: { ctx } }) => {
  if (!id.startsWith("more-")) return;
  const certain = cardsOf(id.slice(5)).filter((it) => !pending.has(+it.id.slice(5)));
  ctx.request.body.set("skip", certain.length);
});
