// A button that copies an address. It is not there without scripts, nor where the browser has no clipboard for us.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(new URL(button.dataset.copy, location).href);
      button.textContent = button.dataset.copied;
    });
  }
})();
