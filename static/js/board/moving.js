// A card is moved by mouse, pen, finger or keys: where the workflow lets it go, its own form is sent; else it goes back.
const NEAR = 5;
const SLOP = 8;
const LONG_PRESS_MS = 300;
const EDGE = 40;
const STEP = 12;
let held, press, dragged;

const back = (card) => {
  card.ariaBusy = null;
  if (!card.home) return;
  const [cell, next] = card.home;
  cell.insertBefore(card, next?.parentNode === cell ? next : null);
  card.home = null;
  say(says.back);
  focus(card);
};
const take = async (card, keyed) => {
  if (held || card.matches(".open, [aria-busy]")) return;
  const cell = card.parentNode;
  const { x, y, width } = card.getBoundingClientRect();
  held = { card, keyed, cell, dx: press?.x - x, dy: press?.y - y, coming: trayOf(card) };
  card.home = [cell, card.nextElementSibling];
  say(says.taken, card.querySelector(".subject").textContent);
  if (!keyed) card.style.inlineSize = width + "px";
  card.classList.add(keyed ? "keyed" : "held");
  board.classList.add("holding");
  const tray = await held.coming;
  if (held?.card !== card) return;
  if (!tray) {
    press = null; // else it would be taken again, and fail again, with each step of the mouse
    return back(release());
  }
  const may = all(".move > button", tray).map((it) => it.value);
  held.knows = true;
  for (const it of all(".cards")) it.classList.toggle("no", it.dataset.status !== cell.dataset.status && !may.includes(it.dataset.status));
};
const release = () => {
  const { card } = held;
  held = null;
  card.classList.remove("held", "keyed");
  card.removeAttribute("style");
  board.classList.remove("holding");
  for (const cell of all(".no, .target")) cell.classList.remove("no", "target");
  return card;
};
const drop = async () => {
  const { cell, coming } = held;
  const card = release();
  if (cell === card.home[0]) return back(card);
  cell.prepend(card);
  card.ariaBusy = "true";
  const tray = await coming;
  card.ariaBusy = null;
  const button = tray?.querySelector('.move > button[value="' + cell.dataset.status + '"]');
  if (!button) back(card);
  if (!tray) return;
  if (!button) return $("toasts").insertAdjacentHTML("beforeend", says.forbidden);
  say(says.dropped, $("head-" + cell.dataset.status).textContent.trim());
  button.form.requestSubmit(button);
};
const follow = ({ clientX: x, clientY: y }) => {
  const { card, dx, dy } = held;
  card.style.left = x - dx + "px";
  card.style.top = y - dy + "px";
  const { left, right, top, bottom } = board.getBoundingClientRect();
  const push = (at, from, to) => (at < from + EDGE ? -STEP : at > to - EDGE ? STEP : 0);
  board.scrollBy(push(x, left, right), push(y, top, bottom));
  const status = document.elementFromPoint(x, y)?.closest(".board [data-status]")?.dataset.status;
  held.cell.classList.remove("target");
  held.cell = (status && $("cards-" + card.dataset.at.replace(/^\d+/, status))) || card.home[0];
  held.cell.classList.add("target");
};
const lift = (event) => {
  dragged = true;
  take(press.card);
  if (held) follow(event);
};
const letGo = (then) => {
  clearTimeout(press?.timer);
  press = null;
  if (held && !held.keyed) then();
};

on("pointerdown", (event) => {
  const card = within(event, ".card");
  dragged = false;
  if (held?.keyed) back(release());
  if (!card || event.button || within(event, ".tray")) return;
  press = { card, x: event.clientX, y: event.clientY };
  if (event.pointerType === "touch") press.timer = setTimeout(lift, LONG_PRESS_MS, event);
});
on("pointermove", (event) => {
  if (held && !held.keyed) return follow(event);
  const far = press && Math.hypot(event.clientX - press.x, event.clientY - press.y);
  if (press?.timer ? far > SLOP : !event.buttons) letGo();
  else if (far > NEAR && !press.timer) lift(event);
});
on("pointerup", () => letGo(drop));
on("pointercancel", () => letGo(() => back(release())));
// Once a finger holds a card, the page must not scroll, nor a menu open.
on("touchmove", (event) => held && event.preventDefault(), { passive: false });
on("contextmenu", (event) => press?.timer && event.preventDefault());
on("dragstart", (event) => event.preventDefault());
on("click", (event) => {
  if (!dragged) return;
  event.preventDefault();
  event.stopPropagation();
}, true);

board.classList.add("movable");

const sideways = (card, by) => {
  const cells = [...card.closest(".cells").children];
  const fits = held ? (it) => held.knows && !it.matches(".no") : (it) => !it.matches(".folded") && it.firstElementChild;
  const cell = cells.filter(fits)[cells.filter(fits).indexOf(card.parentNode) + by];
  if (!cell) return;
  if (!held) return focus(cell.children[Math.min([...card.parentNode.children].indexOf(card), cell.children.length - 1)]);
  held.cell = cell;
  cell.prepend(card);
  focus(card);
  say("%s", $("head-" + cell.dataset.status).textContent.trim());
};
const keys = {
  " ": (card) => (held ? drop() : take(card, true)),
  Escape: (card) => (held ? back(release()) : card.matches(".open") && open(card)),
  ArrowUp: (card) => held || focus(card.previousElementSibling),
  ArrowDown: (card) => held || focus(card.nextElementSibling),
  ArrowLeft: (card) => sideways(card, -1),
  ArrowRight: (card) => sideways(card, 1),
};
on("keydown", (event) => {
  const key = held && event.key === "Enter" ? " " : event.key;
  const card = within(event, ".card");
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (key === "?" && !within(event, "input, textarea, select")) {
    $("keys").open ^= 1;
    $("keys").firstElementChild.focus();
  } else if (card && keys[key] && (key === "Escape" || !within(event, ".tray"))) {
    event.preventDefault();
    keys[key](card);
  } else if (key === "Escape" && held) back(release());
  else if (key === "Escape" && $("beside").firstChild) shut();
});
