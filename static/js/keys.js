// Single keys, and Ctrl+K. What they do is loaded with the first of them. No key counts while somebody types, and with
// modifiers only Ctrl+K does. People may switch single keys off (data-keys).
(() => {
  let handled = Promise.resolve();
  document.addEventListener("keydown", (event) => {
    const { key, code, target, altKey } = event;
    const { lazy, keys } = document.body.dataset;
    const withControl = event.ctrlKey || event.metaKey;
    const isTyping = target.closest?.("input:not([type=checkbox]), textarea, select, dialog[open]");
    // A layout without Latin letters has its own on that key.
    const isPalette = withControl && !altKey && (key === "k" || (key > "~" && code === "KeyK"));
    const isSingle = !withControl && !altKey && !keys && !isTyping && /^[^\s\d]$/.test(key);
    if (!lazy || event.defaultPrevented || !(isPalette || isSingle)) return;
    if (isPalette || key === "/" || code === "Slash") event.preventDefault();
    // One after the other: imports that wait for the same file may end in any order.
    handled = handled
      .then(() => import(lazy))
      .then(({ pressKey }) => pressKey(event, isPalette))
      .catch(() => {});
  });
})();
