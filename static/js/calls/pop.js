// The card about a caller. Of all tabs only the one in front shows it and rings: the visible one that had the focus last;
// if none is visible, the one that was in front last rings. A card stays until it is closed, with what is typed in it.
(() => {
  const FRONT = "phone-front";
  const LAST = "phone-last";
  const CLOSED = "phone-closed";
  const CLAIM_MS = 300;
  const UNKNOWN = -1;
  const pop = document.getElementById("phone-pop");
  const announcement = pop.firstElementChild;
  const bar = () => document.getElementById("phone-bar");
  const tab = String(Math.random());
  let ringing = 0;
  let isLive = true;
  let stopSound;
  let focused;
  let swapped;

  const isFront = () => !document.hidden && localStorage[FRONT] === tab;
  const isLast = () => !localStorage[FRONT] && localStorage[LAST] === tab;
  const cards = () => [...pop.querySelectorAll(".pop")];
  const isOver = (card) => card.querySelector("[data-state=over]");
  const isFilled = (card) => [...card.querySelectorAll("input, textarea")].some((it) => it.value !== it.defaultValue);
  const isTyped = (card) => card.contains(document.activeElement) || isFilled(card);

  const offerToClose = () => {
    for (const it of pop.querySelectorAll("[data-pop-close]")) it.hidden = false;
  };
  const quiet = async () => {
    const stop = stopSound;
    stopSound = null;
    (await stop)?.();
  };
  const sound = (name) => {
    stopSound ??= import(document.body.dataset.lazy).then(({ ring }) => ring(name));
  };
  // Without an id it is the card of the call in hand.
  const load = async (id) => {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href, Accept: "text/html" };
    const answer = await fetch(pop.dataset.from + (id > 0 ? "?call=" + id : ""), { headers }).catch(() => ({}));
    const text = answer.status === 200 && !answer.redirected && (await answer.text().catch(() => ""));
    return text ? new DOMParser().parseFromString(text, "text/html").querySelector(".pop") : null;
  };
  const update = (old, card) => old.querySelector(".pop-state").replaceWith(card.querySelector(".pop-state"));
  const show = async (id) => {
    const card = await load(id);
    if (!card || localStorage[CLOSED] === card.dataset.call) return;
    const old = document.getElementById(card.id);
    const rings = card.querySelector("[data-state=ringing]") && ringing;
    if (rings && (isFront() || isLast())) sound(card.dataset.sound);
    if (old) return update(old, card);
    if (!isFront()) return;
    for (const it of cards()) if (isOver(it) && !isTyped(it)) it.remove();
    // What comes by itself is a line: opened, the card lies over the page.
    card.querySelector("details").open = false;
    for (const it of card.querySelectorAll(".pop-earlier")) it.open = matchMedia("(width >= 40rem)").matches;
    announcement.after(card);
    offerToClose();
    htmx.process(card);
    announcement.textContent = card.querySelector("h2").textContent;
  };
  const refresh = async () => {
    for (const it of document.querySelectorAll(".pop")) if (!isOver(it)) await show(it.dataset.call);
  };
  const catchUp = () => {
    if (!isFront()) return;
    if (ringing || bar().querySelector(".phone-call")) show(ringing);
    refresh();
  };
  const claim = () => {
    if (document.hidden) return;
    const isNew = localStorage[FRONT] !== tab;
    localStorage[FRONT] = localStorage[LAST] = tab;
    if (isNew) catchUp();
  };
  const release = () => {
    if (localStorage[FRONT] === tab) localStorage.removeItem(FRONT);
  };
  const close = (card) => {
    localStorage[CLOSED] = card.dataset.call;
    quiet();
    bar().focus();
    card.remove();
  };

  document.addEventListener("stream:call", ({ detail }) => {
    const before = ringing;
    ringing = JSON.parse(detail.data).ringing;
    if (ringing !== before) quiet();
    if (ringing && ringing !== before) show(ringing);
    if (!document.hidden) refresh();
  });
  document.addEventListener("stream:state", ({ detail }) => (isLive = detail.is === "live"));
  document.addEventListener("htmx:before:swap", () => {
    focused = document.activeElement.closest?.(".pop")?.id;
    swapped = bar();
  });
  document.addEventListener("htmx:after:swap", () => {
    offerToClose();
    for (const it of document.querySelectorAll("[data-open]"))
      it.closest(".pop").querySelector(".pop-open").textContent = it.dataset.open;
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
    if (isLive || swapped === bar()) return;
    // While there is no stream, the bar is asked for again and again, and tells that a call is there.
    const before = ringing;
    ringing = bar().querySelector(".phone-alerting") ? UNKNOWN : 0;
    if (!ringing) quiet();
    if (ringing && !before && isFront()) show();
    refresh();
  });
  document.addEventListener("click", ({ target }) => {
    if (target.closest?.("[data-pop-close]")) close(target.closest(".pop"));
  });
  pop.addEventListener("keydown", (event) => {
    const card = event.target.closest(".pop");
    if (event.key === "Escape" && card && !isFilled(card)) close(card);
  });
  addEventListener("focus", claim);
  addEventListener("pagehide", release);
  document.addEventListener("visibilitychange", () => (document.hidden ? release() : claim()));
  addEventListener("storage", ({ key, newValue }) => {
    // Another tab rings, or somebody has closed the card there.
    if (key === CLOSED || (key === FRONT && newValue)) quiet();
    if (key === FRONT && !newValue) setTimeout(() => localStorage[FRONT] || claim(), CLAIM_MS);
    const closed = key === CLOSED && document.getElementById("pop-" + newValue);
    if (closed && !isTyped(closed)) closed.remove();
  });
  if (document.hasFocus() || !localStorage[FRONT]) claim();
})();
