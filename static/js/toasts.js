// Toasts: a success disappears by itself, an error stays until it is closed. A repeated message replaces the earlier one,
// and at most MAX toasts are shown.
(() => {
  const STAY_MS = 6000;
  const MAX = 5;
  const box = document.getElementById("toasts");
  box.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) event.target.closest("[data-toast]").remove();
  });
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node.parentNode && node.matches?.(".toast")) {
          // Toasts with an undo form differ even when they say the same.
          [...box.children].find((it) => it !== node && it.outerHTML === node.outerHTML)?.remove();
          if (node.matches(".good")) setTimeout(() => node.remove(), node.dataset.stay ?? STAY_MS);
        }
    while (box.children.length > MAX) (box.querySelector(".good:not(:last-child)") ?? box.firstElementChild).remove();
  }).observe(box, { childList: true });
})();
