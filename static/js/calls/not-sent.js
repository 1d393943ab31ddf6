// Say that the phone was not asked. The words of other forms are of what was typed and can be sent again later; a call can
// not wait. The message goes with the next bar that comes from a phone system that answers.
(() => {
  const box = document.getElementById("toasts");
  const phone = document.querySelector(".phone");
  const shown = new Set();
  const isOfPhone = (ctx) => ctx?.sourceElement?.closest?.("#phone-bar, [hx-target='#phone-bar']");
  const say = (event) => {
    event.stopPropagation();
    box.insertAdjacentHTML("beforeend", box.dataset.lost);
    box.lastElementChild.querySelector("p").textContent = phone.dataset.lost;
    shown.add(box.lastElementChild);
  };
  // Before connection-errors.js hears of it.
  addEventListener("htmx:error", (event) => isOfPhone(event.detail.ctx) && say(event), true);
  addEventListener(
    "htmx:response:error",
    (event) => {
      const { ctx } = event.detail;
      if (isOfPhone(ctx) && ctx.response.status >= 500 && !ctx.text?.includes("<hx-partial")) say(event);
    },
    true
  );
  let old = document.getElementById("phone-bar");
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const bar = document.getElementById("phone-bar");
    if (isOfPhone(ctx) && ctx.response?.status >= 500) shown.add(box.lastElementChild);
    if (bar === old) return;
    old = bar;
    if (bar.matches("[data-failing]")) return;
    for (const it of shown) it?.remove();
    shown.clear();
  });
})();
