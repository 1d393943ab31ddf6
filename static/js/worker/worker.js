// The service worker: it shows what comes by Web Push, and opens it. It keeps nothing of anybody: it has no cache, and
// pages are fetched as without it. The server puts `self.TEXT` before it, with the words in the person's language.
const URGENT = ["mention", "assigned"];
const { TEXT, registration, clients } = self;
const asText = (value) => (typeof value === "string" ? value : "");

// A push that can't be read is shown as news that says no more.
const readPayload = (data) => {
  try {
    return Object(data.json());
  } catch {
    return {};
  }
};
// Only addresses of ours are opened.
const ownAddress = (value) => {
  try {
    const { origin, href } = new URL(asText(value), location.origin);
    if (asText(value).startsWith("/") && origin === location.origin) return href;
  } catch {
    // It is none.
  }
  return new URL(TEXT.page, location.origin).href;
};
const setBadge = async (count) => {
  try {
    await (Number.isInteger(count) ? navigator.setAppBadge(count) : navigator.setAppBadge());
  } catch {
    // This browser has no badges, or no permission for them.
  }
};

const show = async (payload) => {
  const data = Object(payload.data);
  const id = data.notification_id > 0 ? Math.trunc(data.notification_id) : 0;
  const tag = asText(payload.tag);
  await registration.showNotification(asText(payload.title) || TEXT.title, {
    body: asText(payload.message) || (payload.title ? "" : TEXT.news),
    icon: TEXT.icon,
    tag,
    renotify: Boolean(tag) && URGENT.includes(data.notification_type),
    timestamp: Date.parse(data.timestamp) || Date.now(),
    data: { url: ownAddress(data.url), id },
    actions: id ? [{ action: "read", title: TEXT.read }] : []
  });
  await setBadge(data.unread_count);
};

const openPage = async (address) => {
  const tabs = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const tab = tabs.find((it) => it.focused) ?? tabs.find((it) => it.visibilityState === "visible") ?? tabs[0];
  if (!tab) return clients.openWindow(address);
  // A browser gives the focus only after a real click, and a tab only to the worker that controls it.
  await tab.focus().catch(() => tab);
  return tab.navigate(address).catch(() => clients.openWindow(address));
};
const markRead = async ({ id, url }) => {
  const headers = { Accept: "application/json" };
  const answer = await fetch("/notifications/" + id + "/read", { method: "POST", headers }).catch(() => ({}));
  // Signed out meanwhile, or no line: the page says more.
  if (!answer.ok) return openPage(url);
  return setBadge((await answer.json()).unread_count);
};

const send = (method, body) => {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  const request = { method, headers, body: JSON.stringify(body) };
  return fetch("/tasks/api/push-subscribe", request);
};
const serverKey = async () => (await (await fetch("/tasks/api/push-key")).json()).publicKey;
const renew = async ({ oldSubscription, newSubscription }) => {
  const applicationServerKey = oldSubscription?.options.applicationServerKey ?? (await serverKey());
  const options = { userVisibleOnly: true, applicationServerKey };
  const renewed = newSubscription ?? (await registration.pushManager.subscribe(options));
  await send("POST", renewed.toJSON());
  const old = oldSubscription?.endpoint;
  if (old && old !== renewed.endpoint) await send("DELETE", { endpoint: old });
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(readPayload(event.data))));
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));
self.addEventListener("notificationclick", (event) => {
  const { data } = event.notification;
  event.notification.close();
  event.waitUntil(event.action === "read" ? markRead(data) : openPage(data.url));
});
