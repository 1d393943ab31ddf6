// `shape(it)` names an element by its shape: its ancestors, its attributes with the values by which styles and roles are
// chosen, and whether it has labels, a text that is shown, and more in it than fits. Styles for phones show other
// elements and hide texts, which is then another shape; else an element has the same name in every window.
const chosen = /^(class|type|role|lang|hidden|open|style|data-theme|aria-(?!label|describedby|controls|owns).*)$/;
const told = ({ name, value }) => (chosen.test(name) ? `[${name}=${value}]` : `[${name}]`);
const shown = (many) => [...(many ?? [])].filter((it) => it.checkVisibility()).length;
const isText = (node) => node.data.trim() && node.parentElement.checkVisibility();

const withText = new Set();
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode())
  if (isText(texts.currentNode))
    for (let it = texts.currentNode.parentElement; it && !withText.has(it); it = it.parentElement) withText.add(it);

const scrolls = (it) =>
  (it.scrollWidth > it.clientWidth || it.scrollHeight > it.clientHeight) &&
  /auto|scroll/.test(getComputedStyle(it).overflow);
const state = (it) =>
  (withText.has(it) || it.value ? "" : ":empty") +
  (it.labels?.length ? `:labels(${shown(it.labels)})` : "") +
  (scrolls(it) ? ":scrolls" : "");

// 53 bits of a text: cyrb53.
const digest = (text) => {
  let [one, other] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, 2654435761);
    other = Math.imul(other ^ code, 1597334677);
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(other ^ (other >>> 13), 3266489909);
  other = Math.imul(other ^ (other >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909);
  return (4294967296 * (2097151 & other) + (one >>> 0)).toString(36);
};

const paths = new Map();
const path = (it) => {
  if (!it) return "";
  if (!paths.has(it))
    paths.set(it, digest(`${path(it.parentElement)}>${it.localName}${[...it.attributes].map(told).sort().join("")}`));
  return paths.get(it);
};
const shape = (it) => digest(path(it) + state(it));
