// Web Push to this browser. PUSH keeps the mark of the session in which its subscription was sent last.
const PUSH = "push";

/** Send the subscription of this browser; return whether the server took it. */
export const saveSubscription = async (subscription) => {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  const body = JSON.stringify(subscription);
  const answer = await fetch("/tasks/api/push-subscribe", { method: "POST", headers, body });
  localStorage.setItem(PUSH, document.body.dataset.session);
  return answer.ok;
};
/** Send the subscription again in a new session: it may be another person's, and the browser may have changed it. */
export const refreshSubscription = async () => {
  const registration = await navigator.serviceWorker?.getRegistration();
  const subscription = Notification.permission === "granted" && (await registration?.pushManager.getSubscription());
  if (subscription) await saveSubscription(subscription);
  else localStorage.removeItem(PUSH);
};
