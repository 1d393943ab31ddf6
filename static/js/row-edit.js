// Escape in a row that is being edited cancels the change.
document.addEventListener("keydown", ({ key, target }) => {
  if (key === "Escape") target.closest?.(".editing")?.querySelector("[data-leave]").click();
});
