// Show a toast when the connection is lost or the server fails. Forms keep everything that was typed.
(() => {
  const showError = (cause) => {
    const box = document.getElementById("toasts");
    box.insertAdjacentHTML("beforeend", box.dataset.lost);
    box.lastElementChild.querySelectorAll("[data-lost]").forEach((it) => it.dataset.lost !== cause && it.remove());
  };
  document.addEventListener("htmx:error", () => showError("line"));
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    const hasToast = ctx.text?.includes("<hx-partial");
    if (ctx.response.status >= 500 && !hasToast) showError("server");
  });
})();
