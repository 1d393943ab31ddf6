// A row that is being edited: Escape leaves it as it was.
document.addEventListener("keydown", ({ key, target }) => {
  if (key === "Escape") target.closest?.(".editing")?.querySelector("[data-leave]").click();
});
