// Turn outside numbers in the texts of a page into links, for agents who are signed in to the phone: a click dials one.
(() => {
  // Ten digits after +7 or 8, with one sign at most between their groups; else a + and digits without blanks.
  const NUMBER =
    /(?<![\w+.,:-])(?:(?:\+7|[78])[ -]?(?:\(\d{3}\)|\d{3})[ -]?\d{3}[ -]?\d\d[ -]?\d\d|\+(?!7)\d[\d-]{8,16}\d)(?![\w:-])/g;
  const LONGEST_TEXT = 20000;
  const NOT_IN = "a, code, pre, textarea, button";
  const linked = (found) => {
    const digits = found.replace(/\D/g, "");
    const link = document.createElement("a");
    link.href = "tel:" + (found[0] === "+" ? "+" : "") + digits;
    link.textContent = found;
    return link;
  };
  const linkNumbers = (node) => {
    for (const { 0: found, index } of [...node.data.matchAll(NUMBER)].reverse()) {
      const after = node.splitText(index);
      after.data = after.data.slice(found.length);
      after.before(linked(found));
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
