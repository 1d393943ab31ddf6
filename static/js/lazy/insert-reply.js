// Insert a reply template at the caret. Its position is counted in characters (code points), as the server counts.
const withCaret = new WeakSet();
/** Note that the user has put the caret into this text. */
export const trackCaret = (text) => withCaret.add(text);
const setPosition = ({ target }) => {
  const button = target.closest?.("[data-inserts]");
  const text = button?.form.elements.comment;
  if (withCaret.has(text)) button.form.elements.at.value = Array.from(text.value.slice(0, text.selectionStart)).length;
};
document.addEventListener("click", setPosition, true);
