// One event stream for all tabs of a browser. The tab that holds the lock leads: it reads the stream and broadcasts each
// message to the other tabs. Without locks (plain http, old browsers) each tab reads a stream of its own while it is
// visible. Every message becomes an event of the document, called "stream:" and its name.
(() => {
  const { session } = document.body.dataset;
  if (!session) return;
  const DEAD_MS = 50000;
  const MAX_RETRY_MS = 60000;
  const RECONNECT_MS = 150;
  const NARROW_MS = 5000;
  const LATE_MS = 8000;
  const MAX_FAILURES = 2;
  const MAX_TASKS = 400;
  const ANY = "0";
  const LAST_EVENT = "heard";
  const CHANNEL = "stream " + session;
  const EVENTS = [
    "new_notification",
    "unread",
    "task_changed",
    "missed",
    "feed",
    "session_ended",
    "call",
    "netmonitor"
  ];
  const { locks } = navigator;
  const tabId = Math.random();
  // The ids of the tasks that each tab shows. The tab that was opened or has changed last is the last.
  const tabs = new Map();
  let requestedIds = new Set();
  let source, channel, releaseLock, retryTimer, reconnectTimer, ended, feed, wasLive;
  let failures = 0;
  let lastId = 0;
  let lastMessageAt = Date.now();
  let state = { is: "reconnecting", since: Date.now() };

  const broadcast = (message) => channel?.postMessage(message);
  const dispatch = (name, detail) => document.dispatchEvent(new CustomEvent("stream:" + name, { detail }));
  const visibleTaskIds = () =>
    [...document.querySelectorAll(".task[id^=task-], .card[id^=card-], [data-task], #tasks .list-subject a")].map(
      (it) => it.dataset.task ?? (it.id.slice(5) || it.pathname.slice(7))
    );
  // Beyond MAX_TASKS the stream asks for changes of any task, so that no tab misses one of its own.
  const wantedTaskIds = () => {
    const ids = new Set([...tabs.values()].flat());
    return ids.delete(ANY) || ids.size > MAX_TASKS ? [ANY, ...[...ids].slice(1 - MAX_TASKS)] : [...ids];
  };

  const saveLastEventId = (id) => {
    lastId = id;
    localStorage.setItem(LAST_EVENT, session + " " + id);
  };
  const receive = ({ name, id, data, at }) => {
    lastMessageAt = Date.now();
    if (name === "new_notification" && id <= lastId) return;
    if (id > lastId) saveLastEventId(id);
    if (name === "feed") feed = data;
    if (name === "session_ended") {
      ended = true;
      stop();
    }
    dispatch(name, { id, data, at, leads: Boolean(source) });
  };
  const publish = (message) => {
    broadcast(message);
    receive(message);
  };
  const setState = (is) => {
    if (is !== state.is) state = { is, since: Date.now() };
    dispatch("state", state);
    broadcast({ state });
  };

  const connect = () => {
    source?.close();
    clearTimeout(retryTimer);
    reconnectTimer = clearTimeout(reconnectTimer);
    lastMessageAt = Date.now();
    requestedIds = new Set(wantedTaskIds());
    source = new EventSource("/notifications/stream?tasks=" + [...requestedIds] + (lastId ? "&after=" + lastId : ""));
    for (const name of EVENTS)
      source.addEventListener(name, ({ data, lastEventId }) => {
        failures = 0;
        if (state.is !== "live") {
          const isLate = wasLive || Date.now() - state.since > LATE_MS;
          wasLive = true;
          setState("live");
          // Changes of tasks in the meantime are not sent again.
          if (isLate) publish({ name: "missed" });
        }
        publish({ name, id: +lastEventId, data, at: Date.now() });
      });
    source.onerror = () => {
      if (ended || !source) return;
      setState(state.is === "polling" ? state.is : "reconnecting");
      if (source.readyState !== EventSource.CLOSED) return;
      clearTimeout(retryTimer);
      retryTimer = setTimeout(retry, Math.min(MAX_RETRY_MS, 1000 * 2 ** failures++) * (0.7 + Math.random() * 0.6));
    };
  };
  // Where a proxy lets no stream through, the count is still polled, and the end of the session is noticed.
  const retry = async () => {
    if (failures > MAX_FAILURES) {
      const answer = await fetch("/tasks/api/notifications?limit=1").catch(() => ({}));
      const page = answer.ok && (await answer.json().catch(() => null));
      setState(page ? "polling" : "reconnecting");
      if (page) publish({ name: "unread", data: page.unread_count });
      if (answer.status === 401) publish({ name: "session_ended" });
    }
    if (source && !ended) connect();
  };
  const scheduleReconnect = (isUrgent) => {
    if (isUrgent) reconnectTimer = clearTimeout(reconnectTimer);
    reconnectTimer ??= setTimeout(() => source && connect(), isUrgent ? RECONNECT_MS : NARROW_MS);
  };
  const lead = (steal) => {
    const hold = () =>
      new Promise((release) => {
        releaseLock = release;
        broadcast({ ask: true });
        connect();
      });
    locks.request(CHANNEL, { steal }, hold).catch(() => {
      disconnect();
      if (channel) lead(false);
    });
  };
  const disconnect = () => {
    clearTimeout(retryTimer);
    clearTimeout(reconnectTimer);
    source?.close();
    releaseLock?.();
    source = releaseLock = reconnectTimer = null;
  };

  const updateTab = (tab, taskIds) => {
    const old = tabs.get(tab);
    if (old?.join() === taskIds?.join()) return;
    tabs.delete(tab);
    if (taskIds) tabs.set(tab, taskIds);
    const ids = wantedTaskIds();
    const isNew = ids.some((it) => !requestedIds.has(it));
    // The server reports that a task is gone only to a stream that asked for this task.
    if (source && (isNew || !old || !ids.includes(ANY))) scheduleReconnect(isNew && !requestedIds.has(ANY));
  };
  const announceTab = () => {
    const shows = visibleTaskIds();
    updateTab(tabId, shows);
    broadcast({ tab: tabId, shows });
  };
  const onMessage = ({ data }) => {
    if (Date.now() - lastMessageAt > DEAD_MS) dispatch("missed");
    lastMessageAt = Date.now();
    if (data.name) return receive(data);
    if (data.ask) return announceTab();
    if (data.state) {
      state = data.state;
      dispatch("state", state);
      if (data.feed) receive({ name: "feed", data: data.feed });
    } else {
      if (source && !tabs.has(data.tab)) broadcast({ state, feed });
      updateTab(data.tab, data.shows);
    }
  };
  const stop = () => {
    broadcast({ tab: tabId });
    channel?.close();
    channel = null;
    disconnect();
  };
  const start = () => {
    const [owner, id] = (localStorage.getItem(LAST_EVENT) ?? "").split(" ");
    if (owner === session) lastId = Math.max(lastId, id);
    if (!locks) {
      announceTab();
      if (!document.hidden) return source || connect();
      setState("reconnecting");
      return disconnect();
    }
    channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = onMessage;
    lastMessageAt = Date.now();
    announceTab();
    lead(false);
  };

  if (locks)
    setInterval(() => {
      if (ended || !channel || (document.hidden && !source) || Date.now() - lastMessageAt < DEAD_MS) return;
      lastMessageAt = Date.now();
      wasLive = true;
      setState("reconnecting");
      if (source) connect();
      else lead(true);
    }, DEAD_MS / 5);
  else document.addEventListener("visibilitychange", start);
  // A page with an open channel or stream does not get into the browser's back/forward cache.
  addEventListener("pagehide", stop);
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted || ended) return;
    start();
    dispatch("missed");
  });
  document.addEventListener("htmx:after:swap", announceTab);
  // After the network is cut off, the stream would wait forever for data.
  addEventListener("offline", () => {
    source?.close();
    if (source) setState("reconnecting");
  });
  addEventListener("online", () => source && connect());
  document.addEventListener("stream:ask", () => {
    dispatch("state", state);
    if (feed) dispatch("feed", { data: feed });
  });
  document.addEventListener("stream:reset", ({ detail }) => {
    saveLastEventId(detail);
    if (locks) lead(true);
    else connect();
  });
  start();
})();
