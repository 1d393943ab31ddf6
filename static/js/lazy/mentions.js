// Whom a comment can mention, and what it can link to: "@" and letters offer people above the text, "[[" the titles of
// knowledge pages. The focus stays in the text, and keys or a press choose among them. An offer that comes late, or that
// nobody wants, is no hindrance: every key but these types on.
const MENTION_MS = 150;
const MENTION_CHARACTERS = 100;
const MENTIONS = [
  { data: "pages", word: /\[\[([^[\]|\n]{0,60})$/, end: "]]" },
  { data: "mentions", word: /(?:^|[\s\p{Ps}\p{Pi}])@([\p{L}\p{N}._+-]{0,60})$/u, end: " " }
];
const MENTION_TEXTS = "[data-mentions] [name=comment]";
let mentionTimer, mentionQuestion, mentionText, nobody;
const mentionBox = () => document.getElementById("mentions");
const mentionOptions = () => [...mentionBox().querySelectorAll("[role=option]")];
const isOffering = () => mentionBox()?.hidden === false;

/** Return what is being typed before the caret, and its first letters; undefined where neither is. */
const mentionTyped = ({ value, selectionStart, selectionEnd }) => {
  if (selectionStart !== selectionEnd) return;
  const before = value.slice(Math.max(0, selectionEnd - MENTION_CHARACTERS), selectionEnd);
  for (const kind of MENTIONS) {
    const found = before.match(kind.word);
    if (found) return { ...kind, letters: found[1] };
  }
};
const forgetChoice = () => {
  for (const name of ["autocomplete", "haspopup", "controls", "activedescendant"])
    mentionText.removeAttribute("aria-" + name);
};
const closeMentions = () => {
  mentionQuestion?.abort();
  mentionQuestion = null;
  clearTimeout(mentionTimer);
  if (!isOffering()) return;
  mentionBox().hidden = true;
  forgetChoice();
};
const chooseMention = (option) => {
  for (const it of mentionOptions()) it.ariaSelected = String(it === option);
  mentionText.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
};
const stepMention = (step) => {
  const options = mentionOptions();
  chooseMention(options.at((options.findIndex((it) => it.ariaSelected === "true") + step) % options.length));
};
const insertMention = (option) => {
  const text = mentionText;
  const at = text.selectionStart;
  const { letters, end } = mentionTyped(text);
  text.setSelectionRange(at - letters.length, text.value.startsWith(end, at) ? at + end.length : at);
  closeMentions();
  insertText(text, option.dataset.text + end);
};
const showMentions = async (text, html) => {
  const answer = new DOMParser().parseFromString(html, "text/html").getElementById("mentions");
  if (mentionBox()?.nextElementSibling !== text) {
    mentionBox()?.remove();
    const styles = answer.querySelector("link");
    const loaded = new Promise((resolve) => (styles.onload = styles.onerror = resolve));
    text.before(answer);
    await loaded;
  }
  const box = mentionBox();
  for (const part of box === answer ? [] : ["ul", ".mentions-more"])
    box.querySelector(part).replaceWith(answer.querySelector(part));
  box.querySelector("[role=status]").textContent = answer.dataset.found;
  if (document.activeElement !== text || !answer.dataset.found) return closeMentions();
  mentionText = text;
  box.hidden = false;
  if (!mentionOptions().length) return forgetChoice();
  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-haspopup", "listbox");
  text.setAttribute("aria-controls", "mentions-list");
  chooseMention(mentionOptions()[0]);
};
// Only the answer to the last question counts. Nobody has a longer word if nobody has its beginning; where there may be
// more people the answer says so, and is shown.
const askMentions = async (text, { data, letters }) => {
  const fields = { private: text.form.elements.private?.value ?? "", q: letters };
  const question = text.form.dataset[data] + "?" + new URLSearchParams(fields);
  if (nobody && question.startsWith(nobody)) return closeMentions();
  mentionQuestion?.abort();
  const mine = (mentionQuestion = new AbortController());
  const { status, text: html } = await fetchHtml(question, HTMX, mine.signal);
  const typed = mentionTyped(text);
  if (mine !== mentionQuestion || typed?.data !== data || typed.letters !== letters) return;
  if (status !== 200) return closeMentions();
  await showMentions(text, html);
  if (letters && !isOffering()) nobody = question;
};
const offerMentions = (text) => {
  if (!text?.matches(MENTION_TEXTS)) return;
  const typed = mentionTyped(text);
  clearTimeout(mentionTimer);
  if (typed) mentionTimer = setTimeout(askMentions, MENTION_MS, text, typed);
  else {
    nobody = null;
    closeMentions();
  }
};
document.addEventListener("input", ({ target }) => offerMentions(target));
offerMentions(document.activeElement); // the first letters may come before this script
const mentionKeys = {
  ArrowDown: () => stepMention(1),
  ArrowUp: () => stepMention(-1),
  Enter: () => insertMention(mentionOptions().find((it) => it.ariaSelected === "true")),
  Tab: () => mentionKeys.Enter(),
  Escape: closeMentions
};
// Before other keys: Escape would close the panel around the text, too.
const onMentionKey = (event) => {
  const isPlain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || event.isComposing);
  if (event.target !== mentionText || !isOffering() || !isPlain || !mentionKeys[event.key]) return;
  if (!mentionOptions().length && event.key !== "Escape") return;
  event.preventDefault();
  event.stopPropagation();
  mentionKeys[event.key]();
};
document.addEventListener("keydown", onMentionKey, true);
document.addEventListener("selectionchange", () => {
  if (isOffering() && !mentionTyped(mentionText)) closeMentions();
});
document.addEventListener("focusout", ({ target }) => target === mentionText && closeMentions());
// A press on a person leaves the focus in the text.
document.addEventListener("mousedown", (event) => event.target.closest("#mentions") && event.preventDefault());
document.addEventListener("click", ({ target }) => {
  const option = target.closest("#mentions [role=option]");
  if (option) insertMention(option);
});
document.addEventListener("click", (event) => {
  const { comment } = event.target.closest(".compose")?.elements ?? {};
  const begins = event.target.closest("[data-begins]")?.dataset.begins;
  if (!comment || !begins || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  insertText(comment, begins);
});
