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
  const [title, tag] = [asText(payload.title), asText(payload.tag)];
  await registration.showNotification(title || TEXT.title, {
    body: asText(payload.message) || (title ? "" : TEXT.news),
    icon: TEXT.icon,
    tag,
    renotify: Boolean(tag) && URGENT.includes(data.notification_type),
    timestamp: Date.parse(data.timestamp) || Date.now(),
    data: { url: ownAddress(data.url), id, task: data.issue_id > 0 ? Math.trunc(data.issue_id) : 0 },
    actions: id ? [{ action: "read", title: TEXT.read }] : []
  });
  await setBadge(data.unread_count);
};

const markRead = async (id) => {
  const headers = { Accept: "application/json" };
  const answer = await fetch("/notifications/" + id + "/read", { method: "POST", headers }).catch(() => ({}));
  if (answer.ok) await setBadge((await answer.json()).unread_count);
  return answer.ok;
};
// A tab that shows the page already gets the focus. No tab is led elsewhere: somebody may be typing there.
const openPage = async ({ url, id, task }) => {
  const tabs = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const paths = [new URL(url).pathname, "/tasks/" + task];
  const tab = tabs.find((it) => paths.includes(new URL(it.url).pathname));
  if (!tab) return clients.openWindow(url);
  await tab.focus().catch(() => tab); // a browser gives the focus only after a real click
  return id ? markRead(id) : true;
};
// Who was signed out meanwhile, or has no line, is told more by the page.
const readHere = async (data) => (await markRead(data.id)) || clients.openWindow(data.url);

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
  const endpoint = oldSubscription?.endpoint;
  // What the server does not know as this person's was somebody else's, or was removed: nobody asked for a new one.
  if (endpoint && (await send("DELETE", { endpoint })).status === 404) return renewed.unsubscribe();
  return send("POST", renewed.toJSON());
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(readPayload(event.data))));
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));
self.addEventListener("notificationclick", (event) => {
  const { data } = event.notification;
  event.notification.close();
  event.waitUntil(event.action === "read" ? readHere(data) : openPage(data));
});
