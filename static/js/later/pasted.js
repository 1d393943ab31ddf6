// Pictures that were pasted get names of their own, for all of a clipboard are called the same, and the text into which
// they were pasted refers to them. Typed by the browser's own command, so that it can be undone.
const TEXTS = "textarea[name=comment], textarea[name=description]";
const ODD = /[^\p{L}\p{N}.-]+/gu;
const two = (number) => String(number).padStart(2, "0");
const today = () => {
  const at = new Date();
  return at.getFullYear() + two(at.getMonth() + 1) + two(at.getDate()) + "-" + two(at.getHours()) + two(at.getMinutes());
};
const unique = ({ name }) => {
  const [, stem, ending] = name.match(/^(.*?)(\.\w+)?$/);
  const own = stem === "image" ? "clipboard-" + today() : stem.replace(ODD, "_");
  return own + "-" + Math.random().toString(36).slice(2, 6).padEnd(4, "0") + (ending ?? "");
};
const type = (text, words) => {
  text.focus();
  if (document.execCommand("insertText", false, words)) return;
  text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
};
/** The files as they are to be sent; a text names its pictures as `reference` says, where `$` stands for the name. */
export const pasted = (files, text, reference) => files.map((file) => {
  if (!file.type.startsWith("image/")) return file;
  const named = new File([file], unique(file), { type: file.type });
  if (text.matches(TEXTS)) type(text, reference.replace("$", () => named.name));
  return named;
});
