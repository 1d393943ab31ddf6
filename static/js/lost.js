// A lost line or a server that is down: say so. Forms are left as they are, with all that was typed.
(() => {
  const tell = (name) => {
    const toast = document.getElementById(name).content.cloneNode(true);
    document.getElementById("toasts").append(toast);
  };
  document.addEventListener("htmx:error", () => tell("lost-line"));
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    const told = ctx.text?.includes("<hx-partial");
    if (ctx.response.status >= 500 && !told) tell("lost-server");
  });
})();
