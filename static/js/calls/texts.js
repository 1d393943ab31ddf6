// Turn outside numbers in the texts of a page into links, for agents who are signed in to the phone: a click dials one.
(() => {
  const NUMBER = /(?<![\w+.,-])(?:\+\d|[78][ (-])[\d ()-]{7,16}\d(?![\w-])/g;
  const FEWEST_DIGITS = 10;
  const MOST_DIGITS = 15;
  const LONGEST_TEXT = 20000;
  const NOT_IN = "a, code, pre, textarea, button";
  const linked = (found) => {
    const digits = found.replace(/\D/g, "");
    if (digits.length < FEWEST_DIGITS || digits.length > MOST_DIGITS) return;
    const link = document.createElement("a");
    link.href = "tel:" + (found[0] === "+" ? "+" : "") + digits;
    link.textContent = found;
    return link;
  };
  const linkNumbers = (node) => {
    for (const { 0: found, index } of [...node.data.matchAll(NUMBER)].reverse()) {
      const link = linked(found);
      if (!link) continue;
      const after = node.splitText(index);
      after.data = after.data.slice(found.length);
      after.before(link);
    }
  };
  const linkAll = () => {
    if (!document.getElementById("phone-bar")?.dataset.dial) return;
    for (const text of document.querySelectorAll(".text:not([data-numbers])")) {
      text.dataset.numbers = "";
      if (text.textContent.length > LONGEST_TEXT) continue;
      const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
      const nodes = [];
      while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(NOT_IN)) nodes.push(walker.currentNode);
      nodes.forEach(linkNumbers);
    }
  };
  linkAll();
  document.addEventListener("htmx:after:swap", linkAll);
})();
