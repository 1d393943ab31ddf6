// Show the unread count and the state of the connection as the stream sends them. Scripts that are needed more rarely
// are in a second bundle, which is loaded on first use.
(() => {
  const RELOAD_MS = 1000;
  const { lazy, session } = document.body.dataset;
  // One is in the top bar, the other in the bar at the bottom of phones.
  const bells = document.querySelectorAll("[data-unread]");
  if (!bells.length) return;
  const { title } = document;
  const load = () => import(lazy);
  const on = (name, handle) => document.addEventListener("stream:" + name, ({ detail }) => handle(detail));
  const showCount = (text) => {
    for (const bell of bells) bell.textContent = +text || "";
    document.title = (+text ? "(" + text + ") " : "") + title;
    const list = document.getElementById("how-many");
    if (list && +list.dataset.count !== +text) load().then(({ refreshList }) => refreshList());
  };
  showCount(bells[0].textContent);

  on("unread", ({ data }) => showCount(data));
  // The answer to a form puts the new count into the bell.
  document.addEventListener("htmx:after:swap", () => showCount(bells[0].textContent));
  on("new_notification", async ({ id, data, at, leads }) => {
    const box = new DOMParser().parseFromString(data, "text/html").body.firstElementChild;
    showCount(box.dataset.count);
    (await load()).showNotification(box, id, at, leads);
  });
  on("task_changed", async ({ data }) => {
    const change = {
      ...JSON.parse(data),
      isShown: () => document.getElementById(change.version.replace(/.*\./, "entry-"))
    };
    if (!change.isShown()) (await load()).updateTask(change);
  });
  on("missed", async () => (await load()).updatePage());
  const status = document.querySelector("[data-gone]");
  on("feed", ({ data }) => {
    if (status.innerHTML !== data) status.innerHTML = data;
  });
  on("state", ({ is }) => {
    if (is !== "live") status.innerHTML = '<span class="fresh stale" id="fresh">' + status.dataset.gone + "</span>";
  });
  // After signing out in this tab another page is loading already.
  on("session_ended", () => setTimeout(() => document.querySelector(".typed") || location.reload(), RELOAD_MS));

  for (const bell of bells)
    bell.closest("a").addEventListener("click", async (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || document.querySelector(".kept.notifications")) return;
      event.preventDefault();
      (await load()).toggleWidget(bell.closest("a"));
    });
  // This browser gets pushes, and somebody has signed in since.
  if ((localStorage.push ?? session) !== session) load().then((it) => it.refreshSubscription());
  document.addEventListener("input", ({ target }) => target.form?.classList.add("typed"));
})();
