// What the widget tells who wonders why nothing comes.
let state, heard, looked;
const says = (name, text) => (panel().querySelector("[data-says=" + name + "]").textContent = text);
const clock = (at) => (at ? new Date(at).toLocaleTimeString(document.documentElement.lang) : "–");

const diagnose = async () => {
  const words = panel()?.querySelector("details");
  if (!words) return;
  if (state) says("stream", words.dataset[state.is] + " " + clock(state.since));
  says("event", clock(heard));
  says("tick", clock(looked));
  if (words.open) says("sound", (await allowed()) ? words.dataset.allowed : words.dataset.forbidden);
};
document.addEventListener("stream:state", ({ detail }) => {
  state = detail;
  diagnose();
});
document.addEventListener("stream:feed", () => {
  looked = document.getElementById("fresh").dataset.tick;
  diagnose();
});
document.addEventListener("toggle", ({ target }) => target.closest?.("#widget") && diagnose(), true);
setTimeout(() => document.dispatchEvent(new CustomEvent("stream:ask")));
