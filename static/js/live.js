// What the stream tells, as a page shows it: the count, what has become of its tasks, how fresh all this is. The widget
// comes when it is first wanted.
(() => {
  const body = document.body;
  const bell = document.querySelector("[data-unread]");
  const CHECKED = 300;
  const OWN = 8000;
  const ROWS = 5;
  const title = document.title;
  const count = (text) => {
    bell.textContent = +text || "";
    document.title = +text ? `(${text}) ${title}` : title;
  };
  const widget = () => import(body.dataset.widget);
  const on = (name, act) => document.addEventListener(`stream:${name}`, ({ detail }) => act(detail ?? {}));
  if (!bell) return;
  count(bell.textContent);

  on("unread", ({ data }) => count(data));
  on("new_notification", async ({ id, data, at }) => {
    const box = document.createElement("template");
    box.innerHTML = data;
    const told = box.content.firstElementChild;
    count(told.dataset.count);
    (await widget()).told(told, id, at);
  });
  bell.closest("a").addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || body.querySelector(".notifications.kept")) return;
    event.preventDefault();
    (await widget()).toggle();
  });

  const fresh = () => document.getElementById("fresh");
  on("feed", ({ data }) => fresh().outerHTML !== data && (fresh().outerHTML = data));
  on("state", ({ is }) => {
    const mark = fresh();
    if (is !== "live") Object.assign(mark, { className: "fresh stale", textContent: mark.parentElement.dataset[is] });
  });
  on("session_ended", () => {
    if (!document.querySelector("form.typed")) location.assign(`/users/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  });

  // A form in use is not touched: a row with the focus in it stays, a task says what has happened and offers to show it.
  document.addEventListener("input", ({ target }) => target.form?.classList.add("typed"));
  document.addEventListener("submit", ({ target }) => target.method === "post" && sessionStorage.setItem("wrote", Date.now()));
  const row = (task) => {
    const mark = document.querySelector(`.list [name=task_id][value="${task}"]`);
    const line = mark?.closest("tr");
    if (!line) return;
    line.classList.add("changed");
    if (line.contains(document.activeElement) || mark.checked) return;
    quietly(line.querySelector(".edit").href.replace("&edit=1", "&live=1"), line, "outerHTML");
  };
  const page = (task) => {
    const place = document.querySelector(`#task-${task} [data-changed]`);
    if (!place) return;
    const version = document.querySelector(".version")?.value ?? "";
    quietly(`${place.dataset.changed}?since=${encodeURIComponent(version)}`, place, "innerHTML");
  };
  const waits = new Map();
  const look = () => {
    if (document.hidden || document.querySelector(".htmx-request")) return setTimeout(look, CHECKED);
    const own = Date.now() - sessionStorage.getItem("wrote") < OWN;
    for (const [task, version] of [...waits].slice(-ROWS)) {
      if (!own) row(task);
      if (!document.getElementById(version.replace(/.*\./, "entry-"))) page(task);
    }
    waits.clear();
  };
  on("task_changed", ({ data }) => {
    const { task_id, version } = JSON.parse(data);
    if (!waits.size) setTimeout(look, CHECKED);
    waits.set(task_id, version);
  });
  on("missed", () => {
    const task = document.querySelector(".task[id^=task-]");
    if (task) page(task.id.slice(5));
  });
})();
