// A button that copies an address. It stays hidden without scripts and where the browser offers no clipboard.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(new URL(button.dataset.copy, location).href);
      button.textContent = button.dataset.copied;
    });
  }
})();
