// Pushes to this browser: they are switched on by a click, and only then it is asked for its permission. After a refusal
// the page says how to allow them, and does not ask again.
(() => {
  const SUBSCRIBE_MS = 15000; // a browser without a line waits for good
  const FIREFOX = /Firefox|FxiOS/;
  const box = () => document.querySelector("[data-push]");
  const agent = navigator.userAgent;
  const isApple = /iPhone|iPad/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1);
  const isSafari = isApple || (/Safari/.test(agent) && !/Chrom|Edg/.test(agent));
  const canPush = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  let row; // the id of this browser's row in the list

  const show = (...names) => {
    for (const it of box().querySelectorAll("[data-push-says]")) it.hidden = !names.includes(it.dataset.pushSays);
    const browser = FIREFOX.test(agent) ? "firefox" : isSafari ? "safari" : "chrome";
    for (const it of box().querySelectorAll("[data-browser]")) it.hidden = it.dataset.browser !== browser;
  };
  const getSubscription = async () => (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription();
  const rowOf = async ({ endpoint }) => {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
    return "device-" + [...new Uint8Array(hash)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const findState = async () => {
    if (!canPush) return isApple ? "ios" : "unsupported";
    if (Notification.permission === "denied") return "denied";
    const subscription = await getSubscription();
    row = subscription && (await rowOf(subscription));
    return row && document.getElementById(row) ? "on" : "ready";
  };
  const update = async () => box() && show(await findState());

  const inTime = (promise) =>
    Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), SUBSCRIBE_MS))]);
  const subscribe = async () => {
    const registration = await navigator.serviceWorker.register(box().dataset.worker);
    const { publicKey } = await (await fetch("/tasks/api/push-key")).json();
    await navigator.serviceWorker.ready;
    await (await registration.pushManager.getSubscription())?.unsubscribe(); // it may be one of an earlier key
    const options = { userVisibleOnly: true, applicationServerKey: publicKey };
    const { saveSubscription } = await import(document.body.dataset.lazy);
    return saveSubscription(await registration.pushManager.subscribe(options));
  };
  const switchOn = async () => {
    if ((await Notification.requestPermission()) !== "granted") return update();
    show("busy");
    const isSaved = await inTime(subscribe()).catch(() => false);
    if (!isSaved) return show("ready", "failed");
    return htmx.ajax("GET", box().dataset.list, { target: "#devices", swap: "outerHTML" });
  };
  const switchOff = async () => {
    localStorage.removeItem("push");
    await (await getSubscription())?.unsubscribe();
  };

  document.addEventListener("click", ({ target }) => target.closest?.("#push-on") && switchOn());
  document.addEventListener("submit", ({ target }) => {
    if (row && target.closest("li")?.id === row && target.matches("[data-removes]")) switchOff();
  });
  document.addEventListener("htmx:after:swap", update);
  update();
})();
