// A lost line or a server that is down: say so. Forms are left as they are, with all that was typed.
(() => {
  const tell = (what) => {
    const box = document.getElementById("toasts");
    box.insertAdjacentHTML("beforeend", box.dataset.lost);
    box.lastElementChild.querySelectorAll("[data-lost]").forEach((it) => it.dataset.lost !== what && it.remove());
  };
  document.addEventListener("htmx:error", () => tell("line"));
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    const told = ctx.text?.includes("<hx-partial");
    if (ctx.response.status >= 500 && !told) tell("server");
  });
})();
