// The widget: what is new, beside whatever page one is on, with its sounds. It is fetched when it is first wanted.
const SOUNDS = {
  chime: [[880, 0, 0.2], [1320, 0.12, 0.4]],
  knock: [[190, 0, 0.09], [150, 0.16, 0.09]],
  bell: [[1047, 0, 0.8], [2094, 0, 0.5], [3140, 0, 0.3]],
};
const PAUSE = 1000;
const LATE = 5000;
const MOST = 20;
const MINIMISED = "minimised", SILENT = "silent", SOUNDED = "sounded";
const locks = navigator.locks;
const panel = () => document.getElementById("widget");
const bell = document.querySelector("[data-unread]").closest("a");
const wanted = () => !localStorage.getItem(MINIMISED) && innerWidth >= 640;
const keep = (key, value) => (value ? localStorage.setItem(key, value) : localStorage.removeItem(key));

let audio, event, state, tick;
const unlock = () => (audio ??= new AudioContext()).resume();
// The browser keeps still until somebody has touched or typed into the page.
const allowed = async () => {
  await Promise.race([unlock(), new Promise((done) => setTimeout(done, 100))]);
  return audio.state === "running";
};
for (const name of ["pointerdown", "keydown"]) addEventListener(name, unlock, { once: true });

const play = (name) => {
  for (const [pitch, after, length] of SOUNDS[name] ?? []) {
    const [tone, level] = [audio.createOscillator(), audio.createGain()];
    const from = audio.currentTime + after;
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0.2, from);
    level.gain.exponentialRampToValueAtTime(0.001, from + length);
    tone.connect(level).connect(audio.destination);
    tone.start(from);
    tone.stop(from + length);
  }
};
// All tabs hear of it; one that may make a sound makes it, and holds the lock for as long as there shall be no other.
const sound = async (name, id, at) => {
  if (localStorage.getItem(SILENT) || !(await allowed())) return;
  const once = async (lock) => {
    if (!lock || Date.now() - at > LATE || +localStorage.getItem(SOUNDED) >= id) return;
    localStorage.setItem(SOUNDED, id);
    play(name);
    await new Promise((done) => setTimeout(done, PAUSE));
  };
  if (locks) locks.request("sound", { ifAvailable: true }, once);
  else once(true);
};

let coming;
const fetched = async () => {
  await quietly(bell.dataset.widget, panel() ?? document.body, panel() ? "outerHTML" : "beforeend");
  coming = null;
  diagnose();
};
const show = () => (coming ??= fetched());
const hide = () => {
  keep(MINIMISED, "1");
  panel().remove();
  bell.focus();
};
// A group of the same task goes up with what is new in it.
const add = (group) => {
  const list = panel().querySelector("[role=log]");
  const old = list.querySelector(`[data-task="${group.dataset.task}"]`);
  if (old) {
    group.querySelector("ul").append(...old.querySelectorAll("ul > li"));
    old.remove();
  }
  list.prepend(group);
  for (const more of [...list.children].slice(MOST)) more.remove();
  htmx.process(group);
};

/** Somebody wants to see it, or no more. */
export const toggle = async () => {
  if (panel()) return hide();
  keep(MINIMISED);
  await show();
  panel()?.querySelector("h2").focus();
};
/** What the stream told: its group of one, with the sound it makes. */
export const told = (box, id, at) => {
  event = at;
  if (box.dataset.sound) sound(box.dataset.sound, id, at);
  if (panel()) add(box.firstElementChild);
  else if (wanted() && !document.hidden) show();
  diagnose();
};

const says = (name, text) => panel()?.querySelectorAll(`[data-says="${name}"]`).forEach((it) => (it.textContent = text));
const clock = (at) => (at ? new Date(at).toLocaleTimeString(document.documentElement.lang) : "–");
const diagnose = async () => {
  const details = panel()?.querySelector("details");
  if (!details) return;
  panel().querySelector("[data-sounds]").checked = !localStorage.getItem(SILENT);
  if (state) says("stream", `${details.dataset[state.is]} ${clock(state.since)}`);
  says("event", clock(event));
  says("tick", clock(tick));
  if (details.open) says("sound", (await allowed()) ? details.dataset.allowed : details.dataset.forbidden);
};
document.addEventListener("stream:state", ({ detail }) => ((state = detail), diagnose()));
document.addEventListener("stream:feed", () => ((tick = document.querySelector("#fresh[data-tick]")?.dataset.tick), diagnose()));
document.addEventListener("stream:unread", ({ detail }) => {
  if (panel() && panel().dataset.count !== detail.data && !panel().contains(document.activeElement)) show();
});
document.addEventListener("stream:missed", () => panel() && show());
document.dispatchEvent(new CustomEvent("stream:ask"));
document.addEventListener("toggle", ({ target }) => target.closest?.("#widget") && diagnose(), true);
document.addEventListener("click", async ({ target }) => {
  const pressed = target.closest?.("#widget [data-do]")?.dataset.do;
  if (pressed === "minimise") hide();
  if (pressed === "reset") document.dispatchEvent(new CustomEvent("stream:reset", { detail: +panel().dataset.before }));
  if (pressed === "try") {
    await allowed();
    for (const name of new Set(target.dataset.sounds.split(" "))) play(name);
  }
});
document.addEventListener("change", ({ target }) => target.matches?.("[data-sounds]:not(button)") && keep(SILENT, target.checked ? "" : "1"));
document.addEventListener("keydown", ({ key, target }) => key === "Escape" && target.closest?.("#widget") && hide());
