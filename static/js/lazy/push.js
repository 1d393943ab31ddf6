// Web Push to this browser. PUSH keeps for whom and in which session its subscription was sent last.
const PUSH = "push";
const personOf = (mark) => mark?.split(".")[0];

/** Send the subscription of this browser; return whether the server took it. */
export const saveSubscription = async (subscription) => {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  const body = JSON.stringify(subscription);
  const answer = await fetch("/tasks/api/push-subscribe", { method: "POST", headers, body });
  if (answer.ok) localStorage.setItem(PUSH, document.body.dataset.session);
  return answer.ok;
};
/** Send the subscription again in a new session of its person. For somebody else it ends: they have not asked for it. */
export const refreshSubscription = async () => {
  const registration = await navigator.serviceWorker?.getRegistration();
  const subscription = Notification.permission === "granted" && (await registration?.pushManager.getSubscription());
  const isSame = personOf(localStorage.getItem(PUSH)) === personOf(document.body.dataset.session);
  if (subscription && isSame) return saveSubscription(subscription);
  localStorage.removeItem(PUSH);
  return subscription && subscription.unsubscribe();
};
