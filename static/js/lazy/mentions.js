// Whom a comment can mention: "@" and letters offer people above the text. The focus stays in the text, and keys or a press
// choose among them. An offer that comes late, or that nobody wants, is no hindrance: every key but these types on.
const MENTION_MS = 150;
const MENTION_CHARACTERS = 100;
const MENTION = /(?:^|[\s\p{Ps}\p{Pi}])@([\p{L}\p{N}._+-]{0,60})$/u;
const MENTION_TEXTS = "form[action$='/comments'] [name=comment], form[action$='/edit'] [name=comment]";
let mentionTimer, mentionQuestion, mentionText, nobody;
const mentionBox = () => document.getElementById("mentions");
const mentionOptions = () => [...mentionBox().querySelectorAll("[role=option]")];
const isOffering = () => mentionBox()?.hidden === false;

/** Return the word after the "@" before the caret; undefined where none is being typed. */
const mentionWord = ({ value, selectionStart, selectionEnd }) =>
  selectionStart === selectionEnd
    ? value.slice(Math.max(0, selectionEnd - MENTION_CHARACTERS), selectionEnd).match(MENTION)?.[1]
    : undefined;
const closeMentions = () => {
  mentionQuestion = null;
  clearTimeout(mentionTimer);
  if (!isOffering()) return;
  mentionBox().hidden = true;
  for (const name of ["autocomplete", "haspopup", "controls", "activedescendant"])
    mentionText.removeAttribute("aria-" + name);
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
  text.setSelectionRange(at - mentionWord(text).length, at);
  closeMentions();
  insertText(text, option.dataset.login + " ");
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
  if (box !== answer) box.querySelector("ul").replaceWith(answer.querySelector("ul"));
  box.querySelector("[role=status]").textContent = answer.dataset.found;
  if (document.activeElement !== text || !mentionOptions().length) return closeMentions();
  mentionText = text;
  box.hidden = false;
  text.setAttribute("aria-autocomplete", "list");
  text.setAttribute("aria-haspopup", "listbox");
  text.setAttribute("aria-controls", "mentions-list");
  chooseMention(mentionOptions()[0]);
};
// Only the answer to the last question counts. Nobody has a longer word if nobody has its beginning.
const askMentions = async (text, word) => {
  const mine = (mentionQuestion = {});
  const fields = { private: text.form.elements.private?.value ?? "", q: word };
  const question = text.form.getAttribute("action").replace(/\w+$/, "mentions?") + new URLSearchParams(fields);
  if (nobody && question.startsWith(nobody)) return closeMentions();
  const { status, text: html } = await fetchHtml(question, HTMX);
  if (mine !== mentionQuestion || mentionWord(text) !== word) return;
  if (status !== 200) return closeMentions();
  await showMentions(text, html);
  if (word && !isOffering()) nobody = question;
};
document.addEventListener("input", ({ target }) => {
  if (!target.matches(MENTION_TEXTS)) return;
  const word = mentionWord(target);
  clearTimeout(mentionTimer);
  if (word === undefined) closeMentions();
  else mentionTimer = setTimeout(askMentions, MENTION_MS, target, word);
});
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
  event.preventDefault();
  event.stopPropagation();
  mentionKeys[event.key]();
};
document.addEventListener("keydown", onMentionKey, true);
document.addEventListener("selectionchange", () => {
  if (isOffering() && mentionWord(mentionText) === undefined) closeMentions();
});
document.addEventListener("focusout", ({ target }) => target === mentionText && closeMentions());
// A press on a person leaves the focus in the text.
document.addEventListener("mousedown", (event) => event.target.closest("#mentions") && event.preventDefault());
document.addEventListener("click", ({ target }) => {
  const option = target.closest("#mentions [role=option]");
  if (option) insertMention(option);
});
