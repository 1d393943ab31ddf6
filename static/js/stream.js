// One event stream for all tabs of a browser: the tab that holds the lock listens and tells the others. Without locks
// (plain http, old browsers) each tab listens while it is seen. What comes is an event of the document, "stream:" and its name.
(() => {
  const { session } = document.body.dataset;
  if (!session || !self.EventSource) return;
  const DEAD = 50000;
  const LONGEST = 60000;
  const SETTLE = 150, GIVE_BACK = 5000, LATE = 8000, TRIES = 2, MOST = 400;
  const ANY = "0";
  const HEARD = "heard";
  const NAME = "stream " + session;
  const NAMES = ["new_notification", "unread", "task_changed", "missed", "feed", "session_ended"];
  const locks = self.BroadcastChannel && navigator.locks;
  const me = Math.random();
  // What each tab shows; the one that came last, or shows something else since, is the last.
  const tabs = new Map();
  let asked = new Set();
  let source, channel, free, timer, settling, ended, feed, was, fails = 0, alive = Date.now();
  let state = { is: "reconnecting", since: Date.now() };

  const heard = () => {
    const [of, last] = (localStorage.getItem(HEARD) ?? "").split(" ");
    return of === session ? +last : 0;
  };
  let last = heard();
  const tell = (message) => channel?.postMessage(message);
  const fire = (name, detail) => document.dispatchEvent(new CustomEvent("stream:" + name, { detail }));
  const shown = () => [...document.querySelectorAll(".task[id^=task-], .card[id^=card-], [name=task_id][value], [data-task]")]
    .map((it) => it.dataset.task ?? (it.name ? it.value : it.id.slice(5)));
  // Too many are asked for as any: else some would be deaf.
  const wanted = () => {
    const all = new Set([...tabs.values()].flat());
    return all.delete(ANY) || all.size > MOST ? [ANY, ...[...all].slice(1 - MOST)] : [...all];
  };

  const keep = (id) => {
    last = id;
    localStorage.setItem(HEARD, session + " " + id);
  };
  const come = ({ name, id, data, at }) => {
    alive = Date.now();
    if (name === "new_notification" && id <= last) return;
    if (id > last) keep(id);
    if (name === "feed") feed = data;
    if (name === "session_ended") {
      ended = true;
      leave();
    }
    fire(name, { id, data, at });
  };
  const both = (message) => {
    tell(message);
    come(message);
  };
  const become = (is) => {
    if (is !== state.is) state = { is, since: Date.now() };
    fire("state", state);
    tell({ state });
  };

  const open = () => {
    source?.close();
    clearTimeout(timer);
    settling = clearTimeout(settling);
    alive = Date.now();
    asked = new Set(wanted());
    source = new EventSource("/notifications/stream?tasks=" + [...asked] + (last ? "&after=" + last : ""));
    for (const name of NAMES)
      source.addEventListener(name, ({ data, lastEventId }) => {
        fails = 0;
        if (state.is !== "live") {
          const late = was || Date.now() - state.since > LATE;
          was = true;
          become("live");
          // What became of tasks meanwhile is told no more.
          if (late) both({ name: "missed" });
        }
        both({ name, id: +lastEventId, data, at: Date.now() });
      });
    source.onerror = () => {
      if (ended || !source) return;
      become(state.is === "polling" ? state.is : "reconnecting");
      if (source.readyState !== EventSource.CLOSED) return;
      clearTimeout(timer);
      timer = setTimeout(again, Math.min(LONGEST, 1000 * 2 ** fails++) * (0.7 + Math.random() * 0.6));
    };
  };
  // Where no stream comes through, the count does at least; who is signed out is told so.
  const again = async () => {
    if (fails > TRIES) {
      const { status, json } = await fetch("/tasks/api/notifications?limit=1").then(
        async (answer) => ({ status: answer.status, json: await answer.json() }),
        () => ({}),
      );
      become(status === 200 ? "polling" : "reconnecting");
      if (status === 200) both({ name: "unread", data: json.unread_count });
      if (status === 401) both({ name: "session_ended" });
    }
    if (source && !ended) open();
  };
  const settle = (soon) => {
    if (soon) settling = clearTimeout(settling);
    settling ??= setTimeout(() => source && open(), soon ? SETTLE : GIVE_BACK);
  };
  const lead = (steal) =>
    locks.request(NAME, { steal }, () => new Promise((done) => {
      free = done;
      tell({ ask: true });
      open();
    })).catch(() => {
      close();
      if (channel) lead(false);
    });
  const close = () => {
    clearTimeout(timer);
    clearTimeout(settling);
    source?.close();
    free?.();
    source = free = settling = null;
  };

  const join = (tab, shows) => {
    const old = tabs.get(tab);
    if (old?.join() === shows?.join()) return;
    tabs.delete(tab);
    if (shows) tabs.set(tab, shows);
    const all = wanted();
    const isNew = all.some((it) => !asked.has(it));
    const isDeaf = isNew && !asked.has(ANY);
    // Of tasks that it was not told of the server does not say that they are gone.
    if (source && (isNew || !old || !all.includes(ANY))) settle(isDeaf);
  };
  const announce = () => {
    const shows = shown();
    join(me, shows);
    tell({ tab: me, shows });
  };
  const hear = ({ data }) => {
    if (Date.now() - alive > DEAD) fire("missed");
    alive = Date.now();
    if (data.name) return come(data);
    if (data.ask) return announce();
    if (data.state) {
      state = data.state;
      fire("state", state);
      if (data.feed) come({ name: "feed", data: data.feed });
    } else {
      if (source && !tabs.has(data.tab)) tell({ state, feed });
      join(data.tab, data.shows);
    }
  };
  const leave = () => {
    tell({ tab: me });
    channel?.close();
    channel = null;
    close();
  };
  const begin = () => {
    last = Math.max(last, heard());
    if (!locks) {
      announce();
      if (!document.hidden) return source || open();
      become("reconnecting");
      return close();
    }
    channel = new BroadcastChannel(NAME);
    channel.onmessage = hear;
    alive = Date.now();
    announce();
    lead(false);
  };

  if (locks)
    setInterval(() => {
      if (ended || !channel || (document.hidden && !source) || Date.now() - alive < DEAD) return;
      alive = Date.now();
      was = true;
      become("reconnecting");
      source ? open() : lead(true);
    }, DEAD / 5);
  else document.addEventListener("visibilitychange", begin);
  // An open channel or stream would keep a page out of what the browser remembers for going back.
  addEventListener("pagehide", leave);
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted || ended) return;
    begin();
    fire("missed");
  });
  document.addEventListener("htmx:after:swap", announce);
  // A line that is cut leaves the stream waiting for what never comes.
  addEventListener("offline", () => {
    source?.close();
    if (source) become("reconnecting");
  });
  addEventListener("online", () => source && open());
  document.addEventListener("stream:ask", () => {
    fire("state", state);
    if (feed) fire("feed", { data: feed });
  });
  document.addEventListener("stream:reset", ({ detail }) => {
    keep(detail);
    locks ? lead(true) : open();
  });
  begin();
})();
