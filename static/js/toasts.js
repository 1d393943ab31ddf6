// Toasts: a success disappears by itself, an error stays until it is closed. A repeated message replaces the earlier one,
// and at most MAX toasts are shown.
(() => {
  const STAY_MS = 6000;
  const MAX = 5;
  const box = document.getElementById("toasts");
  box.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) event.target.closest("[data-toast]").remove();
  });
  const settle = (node) => {
    if (!node.parentNode || !node.matches?.(".toast")) return;
    // Toasts with an undo form differ even when they say the same.
    [...box.children].find((it) => it !== node && it.outerHTML === node.outerHTML)?.remove();
    if (node.matches(".good")) setTimeout(() => node.remove(), node.dataset.stay ?? STAY_MS);
  };
  // The page may come with the message of a form that was sent without htmx.
  for (const it of box.children) {
    it.querySelector("[data-close]").hidden = false;
    settle(it);
  }
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) addedNodes.forEach(settle);
    while (box.children.length > MAX) (box.querySelector(".good:not(:last-child)") ?? box.firstElementChild).remove();
  }).observe(box, { childList: true });
})();
