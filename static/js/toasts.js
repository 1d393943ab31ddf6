// Toasts: good news leaves by itself, bad news stays until it is closed. What is said again takes the place of what was
// said before, and no more than MOST are there at a time.
(() => {
  const STAY = 6000;
  const MOST = 5;
  const box = document.getElementById("toasts");
  box.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) event.target.closest("[data-toast]").remove();
  });
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node.parentNode && node.matches?.(".toast")) {
          // Ways back differ, whatever they say.
          [...box.children].find((it) => it !== node && it.outerHTML === node.outerHTML)?.remove();
          if (node.matches(".good")) setTimeout(() => node.remove(), node.dataset.stay ?? STAY);
        }
    while (box.children.length > MOST) (box.querySelector(".good:not(:last-child)") ?? box.firstElementChild).remove();
  }).observe(box, { childList: true });
})();
