// The task that is written on a card stays when the card is shown anew, since somebody has said who calls.
(() => {
  let kept = [];
  document.addEventListener("htmx:before:swap", () => {
    kept = [...document.querySelectorAll(".quick-task[open]")];
  });
  document.addEventListener("htmx:after:swap", () => {
    for (const it of kept) if (!it.isConnected) document.getElementById(it.id)?.replaceWith(it);
    kept = [];
  });
})();
