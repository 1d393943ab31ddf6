// The board. A card stands where it says that it belongs, whoever brought it; counts and "show more" follow.
const $ = (id) => document.getElementById(id);
const board = $("board");
const says = board.dataset;
const IN_USE = ".held, .keyed, .open, [aria-busy]";
const all = (selector, within = board) => [...within.querySelectorAll(selector)];
const cardsOf = (status) => all('.cards[data-status="' + status + '"] > .card');
const say = (text, what) => ($("spoken").textContent = text.replace("%s", what));
const focus = (card, on = ".subject") => card?.querySelector(on)?.focus();
const within = (event, what) => event.target.closest?.(what);
const on = (name, act, options) => document.addEventListener(name, act, options);
let focused;

// When a task was changed, where the newest come first: what was so when the page came stands as the page says.
const since = (card) => Math.max(card.dataset.on ?? 0, says.on);
const place = (card) => {
  const cell = $("cards-" + card.dataset.at);
  const old = all(".cards > #" + card.id).find((it) => it !== card);
  if (old && (old === press?.card || old.matches(IN_USE))) return renew(card.id.slice(5)), card.remove();
  if (!cell && card.dataset.at) return location.reload();
  if (!cell) card.remove();
  else if (old?.parentNode === cell && !(since(card) > since(old))) old.before(card);
  else cell.insertBefore(card, [...cell.children].find((it) => !(since(it) > since(card))));
  if (old?.contains(document.activeElement)) focused = card.id;
  old?.remove();
};
const count = (tally) => {
  const status = tally.id.slice(6);
  const { length } = cardsOf(status);
  const part = length < tally.dataset.total && !tally.closest(".folded");
  tally.firstElementChild.textContent = part ? length + " " + says.of + " " : "";
  $("more-" + status).hidden = !part;
  for (const it of all('[data-status="' + status + '"]')) it.classList.toggle("bare", !length && tally.dataset.total < 1);
};
const sum = (phases) => {
  const heads = all(".column").filter((it) => phases.some((phase) => it.classList.contains(phase)));
  return heads.reduce((total, it) => total + +it.querySelector(".tally").dataset.total, 0);
};
const settle = () => {
  const known = new Set();
  for (const card of all(".card:not(.keyed, [aria-busy])")) {
    const before = card.previousElementSibling;
    if (card.parentNode.id !== "cards-" + card.dataset.at) place(card);
    else if (known.has(card.id)) card.remove();
    else if (before && since(card) > since(before)) place(card);
    known.add(card.id);
  }
  all(".tally").forEach(count);
  for (const it of all("[data-phases]", document)) it.textContent = sum(it.dataset.phases.split(" "));
  for (const it of all(".lane > h2 > span")) it.textContent = all(".card", it.closest(".lane")).length;
  const card = $(focused);
  if (!card || card.matches("[aria-busy]")) return;
  if (document.activeElement === document.body) focus(card);
  focused = null;
};
on("htmx:after:swap", settle);
// What waits to be looked at may be elsewhere by now: rather a card comes twice, and is taken away, than never.
on("htmx:config:request", ({ target: { id }, detail: { ctx } }) => {
  if (id.startsWith("more-")) ctx.request.body.set("skip", cardsOf(id.slice(5)).filter((it) => !waits.has(+it.id.slice(5))).length);
});
