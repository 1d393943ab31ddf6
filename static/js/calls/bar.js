// The bar of an agent's phone: kept current while the page is on a screen. No swap takes the focus away or what was typed.
(() => {
  const BEAT_MS = 60000;
  const POLL_MS = 5000;
  // What was asked mostly comes over the stream at once.
  const LOOK_MS = 1500;
  const SECOND = 1000;
  const bar = () => document.getElementById("phone-bar");
  const isSignedIn = () => bar().dataset.watch;
  let isStale = false;
  let isLive = true;
  let again;
  // By how much this computer's clock is ahead of the server's.
  let ahead = 0;

  const two = (number) => String(number).padStart(2, "0");
  const tick = () => {
    for (const it of document.querySelectorAll(".phone time[data-since]")) {
      const seconds = Math.max(0, Math.floor((Date.now() - ahead - Date.parse(it.dataset.since)) / SECOND));
      const hours = Math.floor(seconds / 3600);
      const text = (hours ? hours + ":" + two(Math.floor(seconds / 60) % 60) : Math.floor(seconds / 60)) + ":";
      it.textContent = text + two(seconds % 60);
    }
  };
  const compareClocks = (answer) => {
    const date = Date.parse(answer?.headers?.get("Date"));
    if (date) ahead = Date.now() - date;
    tick();
    return answer;
  };
  // News waits while a button is pressed, and while a form of the bar is on its way: a swap would take away what is
  // pressed, and htmx drops an answer whose target is gone.
  const LONGEST_PRESS_MS = 2000;
  const busy = new Set();
  let isOwed = false;
  const end = (it) => {
    if (!busy.delete(it) || busy.size || !isOwed) return;
    isOwed = false;
    refresh();
  };
  const press = ({ target, repeat }, ...ends) => {
    if (repeat || !bar().contains(target)) return;
    const it = {};
    busy.add(it);
    for (const name of ends) addEventListener(name, () => setTimeout(end, 0, it), { once: true });
    setTimeout(end, LONGEST_PRESS_MS, it);
  };
  document.addEventListener("pointerdown", (event) => press(event, "pointerup", "pointercancel"), true);
  document.addEventListener("keydown", (event) => event.key === " " && press(event, "keyup"), true);
  // The last question: an answer to an earlier one may be older than what is shown.
  let last = 0;
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (!bar().contains(ctx.target)) return;
    busy.add(ctx);
    last++;
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => end(ctx));
  const refresh = async () => {
    isStale = document.hidden;
    isOwed = busy.size > 0;
    if (isStale || isOwed) return;
    const mine = ++last;
    const answer = await fetch(bar().dataset.from, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(
      () => ({})
    );
    compareClocks(answer);
    const text = answer.ok && !answer.redirected && (await answer.text().catch(() => ""));
    isOwed = busy.size > 0;
    if (mine !== last || isOwed) return;
    if (text) return htmx.swap({ text, sourceElement: bar(), target: bar(), swap: "outerHTML" });
    // The stream does not say the same thing twice.
    clearTimeout(again);
    if (!answer.redirected) again = setTimeout(refresh, POLL_MS);
  };
  // While nobody beats, the server asks the phone system for no news of this agent.
  const beat = () => {
    if (!document.hidden && isSignedIn()) fetch(bar().dataset.watch, { method: "POST" }).then(compareClocks, () => {});
  };
  const settle = () => {
    tick();
    clearTimeout(again);
    if (bar().dataset.again) again = setTimeout(refresh, Math.min(LOOK_MS, +bar().dataset.again + SECOND / 5));
  };

  // What was typed and opened, by its id: a field may be gone for a while, since a call on hold is transferred to nobody.
  const typed = new Map();
  const open = new Map();
  const find = (id) => (id ? document.getElementById(id) : null);
  let kept;
  document.addEventListener("htmx:before:swap", ({ detail }) => {
    const sent = detail.ctx?.sourceElement;
    const { activeElement } = document;
    // More digits may follow those that are sent.
    const digits = sent?.matches(".phone-digits") && sent;
    kept = {
      old: bar(),
      had: bar().contains(activeElement) && activeElement,
      field: digits?.querySelector?.("[type=tel]")
    };
    for (const it of bar().querySelectorAll("details"))
      if (sent && it.contains(sent) && !digits) open.delete(it.id);
      else open.set(it.id, it.open);
    for (const it of bar().querySelectorAll("input:not([type=hidden]), select"))
      if (sent?.matches("form") && sent.contains(it)) typed.delete(it.id);
      else typed.set(it.id, it.value);
  });
  document.addEventListener("htmx:after:swap", () => {
    if (!kept || bar() === kept.old) return;
    const { had, field } = kept;
    kept = null;
    for (const [id, isOpen] of open) if (find(id)) find(id).open = isOpen;
    for (const [id, value] of typed) if (find(id) && value) find(id).value = value;
    // What had the focus may be gone, or hidden. Another button never gets it: a second press would do something else.
    for (const it of had ? [field && find(field.id), find(had.id), find(had.closest("section")?.id), bar()] : [])
      if (!bar().contains(document.activeElement)) it?.focus({ preventScroll: true });
    if (!document.body.dataset.phone !== !isSignedIn()) beat();
    document.body.dataset.phone = isSignedIn() ?? "";
    settle();
  });

  document.addEventListener("stream:call", ({ detail }) => {
    // 0 is of a session that is not signed in to the phone.
    if (JSON.parse(detail.data).version !== +(bar().dataset.version ?? 0)) refresh();
  });
  document.addEventListener("stream:state", ({ detail }) => (isLive = detail.is === "live"));
  document.addEventListener("stream:missed", () => {
    beat();
    refresh();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    beat();
    if (isStale || !isLive) refresh();
  });
  setInterval(beat, BEAT_MS);
  setInterval(tick, SECOND);
  setInterval(() => !isLive && isSignedIn() && refresh(), POLL_MS);
  document.body.dataset.phone = isSignedIn() ?? "";
  beat();
  settle();
})();
