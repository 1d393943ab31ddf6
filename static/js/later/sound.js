// The sounds of notifications: made here, for a few numbers weigh less than files.
const SOUNDS = {
  chime: [[880, 0, 0.2], [1320, 0.12, 0.4]],
  knock: [[190, 0, 0.09], [150, 0.16, 0.09]],
  bell: [[1047, 0, 0.8], [2094, 0, 0.5], [3140, 0, 0.3]],
};
const BETWEEN_MS = 1000;
const LATE_MS = 5000;
const SILENT = "silent", SOUNDED = "sounded";
let audio;

const unlock = () => (audio ??= new AudioContext()).resume();
for (const name of ["pointerdown", "keydown"]) addEventListener(name, unlock, { once: true });
// The browser keeps still until somebody has clicked or typed in the page.
const allowed = async () => {
  await Promise.race([unlock(), new Promise((done) => setTimeout(done, 100))]);
  return audio.state === "running";
};
const play = (name) => {
  for (const [pitch, after, length] of SOUNDS[name] ?? []) {
    const [tone, level, from] = [audio.createOscillator(), audio.createGain(), audio.currentTime + after];
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
    if (!lock || Date.now() - at > LATE_MS || +localStorage.getItem(SOUNDED) >= id) return;
    localStorage.setItem(SOUNDED, id);
    play(name);
    await new Promise((done) => setTimeout(done, BETWEEN_MS));
  };
  if (navigator.locks) navigator.locks.request("sound", { ifAvailable: true }, once);
  else once(true);
};
