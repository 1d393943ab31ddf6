// F8 answers the call that rings, also while one types, and leaves the focus; else it leads to the call in hand. Browsers
// have nothing on this key, and it is the same in all layouts. It is no character, so it stays when single keys are off.
document.addEventListener("keydown", (event) => {
  const hasModifier = event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
  const call = document.querySelector("#phone-bar .phone-call");
  if (event.key !== "F8" || hasModifier || event.repeat || !call) return;
  event.preventDefault();
  const answer = document.querySelector("#phone-bar [value=ANSWER]");
  if (answer) answer.click();
  else call.focus();
});
