// Desktop notifications, while a page is open but hidden. The browser is asked for its permission only when the user
// switches them on. The leading tab shows each once, unless another tab is visible: that one notes that it was seen. A
// browser that gets pushes shows those instead.
const DESKTOP = "desktop";
const LAST_SEEN = "seen on a page";
const SEEN_MS = 500;
let canNotify = "Notification" in window;
const mayNotify = () => Notification.permission === "granted" && Boolean(localStorage.getItem(DESKTOP));

const notifyDesktop = async (box, id, leads) => {
  if (!document.hidden) return localStorage.setItem(LAST_SEEN, id);
  if (!leads || !canNotify || !mayNotify() || localStorage.getItem(PUSH)) return;
  const link = box.querySelector("h2 a");
  const title = box.querySelector("h3").textContent;
  const body = link.parentNode.textContent.trim();
  await new Promise((resolve) => setTimeout(resolve, SEEN_MS));
  if (!document.hidden || +localStorage.getItem(LAST_SEEN) >= id) return;
  try {
    const shown = new Notification(title, { body, tag: "notification-" + id, silent: true });
    shown.onclick = () => {
      window.focus();
      location.assign(link.href);
      shown.close();
    };
  } catch {
    // Chrome for Android has the name, but shows nothing for a page.
    canNotify = false;
    store(DESKTOP);
    showSwitch();
  }
};

// The switch is in the widget, where the browser has such notifications at all.
const showSwitch = () => {
  const label = widget()?.querySelector("[data-desktop]");
  if (!label) return;
  label.hidden = !canNotify;
  if (!canNotify) return;
  label.control.checked = mayNotify();
  label.nextElementSibling.hidden = Notification.permission !== "denied";
};
document.addEventListener("htmx:after:swap", showSwitch);
document.addEventListener("change", async ({ target }) => {
  if (!target.matches("[data-desktop] input")) return;
  store(DESKTOP, target.checked && "1");
  if (target.checked) await Notification.requestPermission();
  showSwitch();
});
