// A checkbox that checks all checkboxes of a form, and shows when only some are checked. Hidden without JavaScript.
(() => {
  for (const all of document.querySelectorAll("[data-select-all]")) {
    const boxes = () => [...document.querySelectorAll(`input[type=checkbox][form="${all.dataset.selectAll}"]`)];
    all.hidden = false;
    all.addEventListener("change", () => boxes().forEach((box) => (box.checked = all.checked)));
    document.addEventListener("change", () => {
      const checked = boxes().filter((box) => box.checked).length;
      all.checked = checked > 0 && checked === boxes().length;
      all.indeterminate = checked > 0 && !all.checked;
    });
  }
})();
