// A button that copies a signature, as HTML for mail programs and as text for others. It stays hidden where that is impossible.
(() => {
  const typed = (text, type) => new Blob([text], { type });
  for (const button of document.querySelectorAll("[data-copies]")) {
    const signature = document.getElementById(button.dataset.copies);
    button.hidden = !navigator.clipboard?.write || !window.ClipboardItem;
    button.addEventListener("click", async () => {
      const forms = {
        "text/html": typed(signature.innerHTML, "text/html"),
        "text/plain": typed(signature.dataset.text, "text/plain")
      };
      await navigator.clipboard.write([new ClipboardItem(forms)]);
      button.textContent = button.dataset.copied;
    });
  }
})();
