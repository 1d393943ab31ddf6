// Give pasted pictures unique names, because a clipboard calls all of them the same, and insert a reference into the text.
// The browser's own command inserts it, so that it can be undone.
const TEXTS = "textarea[name=comment], textarea[name=description]";
const UNUSUAL = /[^\p{L}\p{N}.-]+/gu;
const pad = (number) => String(number).padStart(2, "0");
const timestamp = () => {
  const now = new Date();
  const date = now.getFullYear() + pad(now.getMonth() + 1) + pad(now.getDate());
  return date + "-" + pad(now.getHours()) + pad(now.getMinutes());
};
const uniqueName = ({ name }) => {
  const [, stem, extension] = name.match(/^(.*?)(\.\w+)?$/);
  const prefix = stem === "image" ? "clipboard-" + timestamp() : stem.replace(UNUSUAL, "_");
  return prefix + "-" + Math.random().toString(36).slice(2, 6).padEnd(4, "0") + (extension ?? "");
};
const insertText = (field, text) => {
  field.focus();
  if (document.execCommand("insertText", false, text)) return;
  field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
};
/** Return pasted files under the names to upload them with. In `reference`, `$` stands for the name of a picture. */
export const pasteFiles = (files, field, reference) => {
  const paste = (file) => {
    if (!file.type.startsWith("image/")) return file;
    const renamed = new File([file], uniqueName(file), { type: file.type });
    const text = reference.replace("$", () => renamed.name);
    if (field.matches(TEXTS)) insertText(field, text);
    return renamed;
  };
  return files.map(paste);
};
