// One event stream for all tabs of a browser: the tab that holds the lock listens and tells the others. Without locks
// (plain http, old browsers) each tab listens while it is seen. What comes is an event of the document, "stream:" and its name.
(() => {
  const { session } = document.body.dataset;
  if (!session || !self.EventSource) return;
  const DEAD = 50000;
  const LONGEST = 60000;
  const SETTLE = 150;
  const TRIES = 2;
  const MOST = 200;
  const HEARD = "heard";
  const NAME = "stream " + session;
  const NAMES = ["new_notification", "unread", "task_changed", "feed", "session_ended"];
  const locks = self.BroadcastChannel && navigator.locks;
  const tasks = new Set();
  let source, channel, free, timer, settling, ended, feed, fails = 0, alive = Date.now();
  let state = { is: "reconnecting", since: Date.now() };

  const heard = () => {
    const [of, last] = (localStorage.getItem(HEARD) ?? "").split(" ");
    return of === session ? +last : 0;
  };
  let last = heard();
  const tell = (message) => channel?.postMessage(message);
  const fire = (name, detail) => document.dispatchEvent(new CustomEvent("stream:" + name, { detail }));
  const shown = () => [...document.querySelectorAll(".task[id^=task-], [name=task_id][value]")].map((it) => it.value ?? it.id.slice(5));

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
    alive = Date.now();
    source = new EventSource("/notifications/stream?tasks=" + [...tasks].slice(-MOST) + (last ? "&after=" + last : ""));
    for (const name of NAMES)
      source.addEventListener(name, ({ data, lastEventId }) => {
        fails = 0;
        if (state.is !== "live") become("live");
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
  const settle = () => {
    clearTimeout(settling);
    settling = setTimeout(() => free && open(), SETTLE);
  };
  const lead = (steal) =>
    locks.request(NAME, { steal }, () => new Promise((done) => {
      free = done;
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
    source = free = null;
  };

  // Tabs that are younger than this one have told it what they show.
  const join = (shows) => {
    if (shows.every((it) => tasks.has(it))) return;
    for (const it of shows) tasks.add(it);
    if (free) settle();
  };
  const announce = () => {
    join(shown());
    tell({ shows: shown() });
  };
  const hear = ({ data }) => {
    alive = Date.now();
    if (data.name) return come(data);
    if (data.state) {
      state = data.state;
      fire("state", state);
      if (data.feed) come({ name: "feed", data: data.feed });
    } else {
      join(data.shows);
      if (source) tell({ state, feed });
    }
  };
  const leave = () => {
    channel?.close();
    channel = null;
    close();
  };
  const begin = () => {
    last = Math.max(last, heard());
    if (!locks) {
      join(shown());
      return document.hidden ? close() : source || open();
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
