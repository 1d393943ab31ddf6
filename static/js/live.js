// What the stream tells, as a page shows it: the count, and how fresh all this is. The rest comes when it is first wanted.
(() => {
  const LEAVING_MS = 1000;
  const { later } = document.body.dataset;
  const bell = document.querySelector("[data-unread]");
  if (!bell) return;
  const { title } = document;
  const wanted = () => import(later);
  const on = (name, act) => document.addEventListener("stream:" + name, ({ detail }) => act(detail ?? {}));
  const count = (text) => {
    bell.textContent = +text || "";
    document.title = (+text ? "(" + text + ") " : "") + title;
    const page = document.getElementById("how-many");
    if (page && +page.dataset.count !== +text) wanted().then(({ relist }) => relist());
  };
  count(bell.textContent);

  on("unread", ({ data }) => count(data));
  // The answer to a form puts into the bell how many are left.
  document.addEventListener("htmx:after:swap", () => count(bell.textContent));
  on("new_notification", async ({ id, data, at }) => {
    const box = new DOMParser().parseFromString(data, "text/html").body.firstElementChild;
    count(box.dataset.count);
    (await wanted()).told(box, id, at);
  });
  on("task_changed", async ({ data }) => {
    const act = { ...JSON.parse(data), shown: () => document.getElementById(act.version.replace(/.*\./, "entry-")) };
    if (!act.shown()) (await wanted()).changed(act);
  });
  on("missed", async () => (await wanted()).missed());
  const fresh = document.querySelector("[data-gone]");
  on("feed", ({ data }) => {
    if (fresh.innerHTML !== data) fresh.innerHTML = data;
  });
  on("state", ({ is }) => {
    if (is !== "live") fresh.innerHTML = '<span class="fresh stale" id="fresh">' + fresh.dataset.gone + "</span>";
  });
  // Who signs out here is on the way elsewhere already.
  on("session_ended", () => setTimeout(() => document.querySelector(".typed") || location.reload(), LEAVING_MS));

  bell.closest("a").addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || document.querySelector(".kept.notifications")) return;
    event.preventDefault();
    (await wanted()).toggle();
  });
  document.addEventListener("input", ({ target }) => target.form?.classList.add("typed"));
})();
