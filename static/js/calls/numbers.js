// For agents who are signed in to the phone: a click on a number dials it, and fields for numbers offer some.
(() => {
  const TYPING_MS = 250;
  const bar = () => document.getElementById("phone-bar");
  const targets = document.getElementById("phone-targets");
  let timer;
  let asked;

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='tel:']");
    const { dial } = bar().dataset;
    if (!link || !dial || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const values = { to_address: decodeURIComponent(link.getAttribute("href").slice(4)), by_link: 1 };
    htmx.ajax("POST", dial, { source: bar(), target: bar(), swap: "outerHTML", values });
  });
  const offer = async (words) => {
    if (asked === words) return;
    asked = words;
    const address = targets.dataset.from + "?q=" + encodeURIComponent(words);
    const answer = await fetch(address, { headers: { "HX-Request": "true", Accept: "text/html" } }).catch(() => ({}));
    if (answer.ok && asked === words) targets.innerHTML = await answer.text();
  };
  document.addEventListener("focusin", ({ target }) => target.matches?.("[list=phone-targets]") && offer(target.value));
  document.addEventListener("input", ({ target }) => {
    if (!target.matches?.("[list=phone-targets]")) return;
    clearTimeout(timer);
    timer = setTimeout(() => offer(target.value), TYPING_MS);
  });
})();
