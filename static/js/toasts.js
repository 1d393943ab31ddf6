// Toasts: good news leaves by itself, bad news stays until it is closed.
(() => {
  const STAY = 6000;
  const box = document.getElementById("toasts");
  box.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) event.target.closest("[data-toast]").remove();
  });
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node.matches?.(".toast.good")) setTimeout(() => node.remove(), node.dataset.stay ?? STAY);
  }).observe(box, { childList: true });
})();
