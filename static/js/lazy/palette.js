// The palette: the focus stays in its input, and arrows choose among the links and buttons below, which are its options.
const PALETTE_MS = 120;
let paletteTimer, question, paletteAnswer;
const paletteInput = () => document.querySelector("#palette [name=q]");
const findOptions = () => [...document.querySelectorAll("#palette [role=option]")];
const chosenOption = () => findOptions().find((it) => it.ariaSelected === "true");

const chooseOption = (option) => {
  for (const it of findOptions()) it.ariaSelected = String(it === option);
  paletteInput().setAttribute("aria-activedescendant", option?.id ?? "");
  option?.scrollIntoView({ block: "nearest" });
};
const makeOptions = () => {
  const list = document.getElementById("palette-list");
  for (const part of list.querySelectorAll("section, li")) part.role = "none";
  for (const heading of list.querySelectorAll("h2")) {
    heading.ariaHidden = "true";
    heading.nextElementSibling.role = "group";
    heading.nextElementSibling.ariaLabel = heading.textContent;
  }
  const options = list.querySelectorAll("li > :is(a, button)");
  options.forEach((it, number) => {
    it.role = "option";
    it.id = "palette-" + number;
    it.tabIndex = -1;
  });
  list.role = options.length ? "listbox" : "group";
  chooseOption(options[0]);
  const status = document.querySelector("#palette [data-found]");
  status.textContent = status.dataset.found.replace("$", () => options.length);
};
// Without an answer nothing can be chosen: what is there answers an earlier question.
const showNoAnswer = () => {
  const list = document.getElementById("palette-list");
  const message = document.createElement("p");
  message.className = "palette-none";
  message.textContent = list.dataset.lost;
  list.replaceChildren(message);
  list.role = "group";
  chooseOption();
  document.querySelector("#palette [data-found]").textContent = list.dataset.lost;
};
// Only the answer to the last question is shown.
const askPalette = async () => {
  const mine = (question = {});
  const { status, text } = await fetchHtml("/search?" + new URLSearchParams({ q: paletteInput().value }), HTMX);
  if (status === 401) document.dispatchEvent(new CustomEvent("stream:session_ended"));
  if (mine !== question) return paletteAnswer;
  if (status !== 200) return showNoAnswer();
  document.getElementById("palette-list").innerHTML = text;
  makeOptions();
};
const onPaletteInput = (event) => {
  // Nobody loses what is typed here, so it keeps no page from being loaded again.
  event.stopPropagation();
  clearTimeout(paletteTimer);
  paletteAnswer = new Promise((resolve) => {
    paletteTimer = setTimeout(() => resolve(askPalette()), PALETTE_MS);
  });
};
const stepOption = (step) => {
  const options = findOptions();
  chooseOption(options.at((options.indexOf(chosenOption()) + step) % options.length));
};
const paletteKeys = {
  ArrowDown: () => stepOption(1),
  ArrowUp: () => stepOption(-1),
  Enter: async () => {
    await paletteAnswer;
    chosenOption()?.click();
  }
};
const onPaletteKey = (event) => {
  if (event.isComposing || !paletteKeys[event.key]) return;
  event.preventDefault();
  paletteKeys[event.key]();
};

/** Open the palette, or close it. */
const togglePalette = async () => {
  const open = document.getElementById("palette");
  if (open?.open) return open.close();
  const dialog = await openDialog("palette", "/search");
  if (!dialog) return;
  const input = paletteInput();
  input.select();
  if (open) return;
  input.addEventListener("input", onPaletteInput);
  input.addEventListener("keydown", onPaletteKey);
  makeOptions();
};
