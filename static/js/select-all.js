// A box that ticks all boxes of a form, and says so when only some are ticked. Hidden without JavaScript.
(() => {
  for (const all of document.querySelectorAll("[data-select-all]")) {
    const boxes = () => [...document.querySelectorAll(`input[type=checkbox][form="${all.dataset.selectAll}"]`)];
    all.hidden = false;
    all.addEventListener("change", () => boxes().forEach((box) => (box.checked = all.checked)));
    document.addEventListener("change", () => {
      const ticked = boxes().filter((box) => box.checked).length;
      all.checked = ticked > 0 && ticked === boxes().length;
      all.indeterminate = ticked > 0 && !all.checked;
    });
  }
})();
