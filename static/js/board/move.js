// Move cards by mouse, pen, finger or keys. Where the workflow allows the move, the card's own form is sent. Otherwise the
// card goes back.
const DRAG_DISTANCE = 5;
const TOUCH_SLOP = 8;
const LONG_PRESS_MS = 300;
const SCROLL_EDGE = 40;
const SCROLL_STEP = 12;
let held, press, dragged;

const putBack = (card) => {
  card.ariaBusy = null;
  if (!card.home) return;
  const [cell, next] = card.home;
  cell.insertBefore(card, next?.parentNode === cell ? next : null);
  card.home = null;
  announce(dataset.back);
  focus(card);
};
const pickUp = async (card, keyed) => {
  if (held || card.matches(".open, [aria-busy], :not(:has(> .grip))")) return;
  const cell = card.parentNode;
  const { x, y, width } = card.getBoundingClientRect();
  held = { card, keyed, cell, dx: press?.x - x, dy: press?.y - y, loading: loadTray(card) };
  card.home = [cell, card.nextElementSibling];
  announce(dataset.taken, card.querySelector(".subject").textContent);
  if (!keyed) card.style.inlineSize = width + "px";
  card.classList.add(keyed ? "keyed" : "held");
  board.classList.add("holding");
  const tray = await held.loading;
  if (held?.card !== card) return;
  if (!tray) {
    press = null; // otherwise each movement of the mouse would pick it up, and fail, again
    return putBack(release());
  }
  const allowed = findAll(".move > button", tray).map((it) => it.value);
  held.ready = true;
  for (const it of findAll(".cards")) {
    const { status } = it.dataset;
    it.classList.toggle("no", status !== cell.dataset.status && !allowed.includes(status));
  }
};
const release = () => {
  const { card } = held;
  held = null;
  card.classList.remove("held", "keyed");
  card.removeAttribute("style");
  board.classList.remove("holding");
  for (const cell of findAll(".no, .target")) cell.classList.remove("no", "target");
  return card;
};
const drop = async () => {
  const { cell, loading } = held;
  const card = release();
  if (cell === card.home[0]) return putBack(card);
  cell.prepend(card);
  focus(card);
  card.ariaBusy = "true";
  const tray = await loading;
  card.ariaBusy = null;
  const button = tray?.querySelector('.move > button[value="' + cell.dataset.status + '"]');
  if (!button) putBack(card);
  if (!tray) return;
  if (!button) return $("toasts").insertAdjacentHTML("beforeend", dataset.forbidden);
  announce(dataset.dropped, nameOf(cell));
  button.form.requestSubmit(button);
};
const nameOf = (cell) => $("head-" + cell.dataset.status).textContent.trim();
const followPointer = ({ clientX: x, clientY: y }) => {
  const { card, dx, dy } = held;
  card.style.left = x - dx + "px";
  card.style.top = y - dy + "px";
  const { left, right, top, bottom } = board.getBoundingClientRect();
  const scroll = (at, from, to) => (at < from + SCROLL_EDGE ? -SCROLL_STEP : at > to - SCROLL_EDGE ? SCROLL_STEP : 0);
  board.scrollBy(scroll(x, left, right), scroll(y, top, bottom));
  // The navigation opens over the first column while the pointer is on it.
  const column = document.elementsFromPoint(x, y).find((it) => it.closest(".board [data-status]"));
  const status = column?.closest("[data-status]").dataset.status;
  held.cell.classList.remove("target");
  held.cell = (status && $("cards-" + card.dataset.at.replace(/^\d+/, status))) || card.home[0];
  held.cell.classList.add("target");
};
const startDrag = (event) => {
  dragged = true;
  pickUp(press.card);
  if (held) followPointer(event);
};
const endPress = (finish) => {
  clearTimeout(press?.timer);
  press = null;
  if (held && !held.keyed) finish();
};

on("pointerdown", (event) => {
  const card = closest(event, ".card");
  dragged = false;
  if (held?.keyed) putBack(release());
  if (!card || event.button || closest(event, ".tray")) return;
  press = { card, x: event.clientX, y: event.clientY };
  if (event.pointerType === "touch") press.timer = setTimeout(startDrag, LONG_PRESS_MS, event);
});
on("pointermove", (event) => {
  if (held && !held.keyed) return followPointer(event);
  const distance = press && Math.hypot(event.clientX - press.x, event.clientY - press.y);
  if (press?.timer ? distance > TOUCH_SLOP : !event.buttons) endPress();
  else if (distance > DRAG_DISTANCE && !press.timer) startDrag(event);
});
on("pointerup", () => endPress(drop));
on("pointercancel", () => endPress(() => putBack(release())));
// While a finger holds a card, the page must not scroll and no menu must open.
on("touchmove", (event) => held && event.preventDefault(), { passive: false });
on("contextmenu", (event) => press?.timer && event.preventDefault());
on("dragstart", (event) => event.preventDefault());
const suppressClick = (event) => {
  if (!dragged) return;
  event.preventDefault();
  event.stopPropagation();
};
on("click", suppressClick, true);

board.classList.add("movable");

const moveSideways = (card, step) => {
  const fits = held ? (it) => held.ready && !it.matches(".no") : (it) => !it.matches(".folded") && it.firstElementChild;
  const cells = [...card.closest(".cells").children].filter(fits);
  const cell = cells[cells.indexOf(card.parentNode) + step];
  if (!cell) return;
  if (!held) {
    const row = [...card.parentNode.children].indexOf(card);
    return focus(cell.children[Math.min(row, cell.children.length - 1)]);
  }
  held.cell = cell;
  cell.prepend(card);
  focus(card);
  announce("%s", nameOf(cell));
};
const keyHandlers = {
  " ": (card) => (held ? drop() : pickUp(card, true)),
  Escape: (card) => (held ? putBack(release()) : card.matches(".open") && toggleTray(card)),
  ArrowUp: (card) => held || focus(card.previousElementSibling),
  ArrowDown: (card) => held || focus(card.nextElementSibling),
  ArrowLeft: (card) => moveSideways(card, -1),
  ArrowRight: (card) => moveSideways(card, 1)
};
on("keydown", (event) => {
  const key = held && event.key === "Enter" ? " " : event.key;
  const card = closest(event, ".card");
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (card && keyHandlers[key] && (key === "Escape" || !closest(event, ".tray"))) {
    event.preventDefault();
    keyHandlers[key](card);
  } else if (key === "Escape" && held) putBack(release());
  else if (key === "Escape" && $("beside").firstChild) closePanel();
});
