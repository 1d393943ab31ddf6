// The sounds of notifications are generated from a few numbers, which weigh less than sound files: pitch in Hz, start and
// length in seconds of each tone.
const SOUNDS = {
  chime: [
    [880, 0, 0.2],
    [1320, 0.12, 0.4]
  ],
  knock: [
    [190, 0, 0.09],
    [150, 0.16, 0.09]
  ],
  bell: [
    [1047, 0, 0.8],
    [2094, 0, 0.5],
    [3140, 0, 0.3]
  ]
};
const PAUSE_MS = 1000;
const LATE_MS = 5000;
const SILENT = "silent";
const RING_SECONDS = 25;
const RING_EVERY = 2.5;
const LAST_SOUND = "sounded";
let audio;

const unlock = () => (audio ??= new AudioContext()).resume();
for (const name of ["pointerdown", "keydown"]) addEventListener(name, unlock, { once: true });
// Browsers allow sound only after the user has clicked or typed on the page.
const maySound = async () => {
  await Promise.race([unlock(), new Promise((resolve) => setTimeout(resolve, 100))]);
  return audio.state === "running";
};
const play = (name, later = 0, output = audio.destination) => {
  for (const [pitch, delay, length] of SOUNDS[name] ?? []) {
    const [tone, level, start] = [audio.createOscillator(), audio.createGain(), audio.currentTime + later + delay];
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0.2, start);
    level.gain.exponentialRampToValueAtTime(0.001, start + length);
    tone.connect(level).connect(output);
    tone.start(start);
    tone.stop(start + length);
  }
};
// Every tab receives the notification. The one that gets the lock plays its sound, and holds the lock for PAUSE_MS, so
// that no other sound follows too soon.
const playOnce = async (name, id, at) => {
  if (localStorage.getItem(SILENT) || !(await maySound())) return;
  const playLocked = async (lock) => {
    if (!lock || Date.now() - at > LATE_MS || +localStorage.getItem(LAST_SOUND) >= id) return;
    localStorage.setItem(LAST_SOUND, id);
    play(name);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  };
  if (navigator.locks) navigator.locks.request("sound", { ifAvailable: true }, playLocked);
  else playLocked(true);
};
/** Ring with a sound, at most for RING_SECONDS. Returns what stops it. All tones are planned at once, since the timers of
    hidden pages are slow. */
export const ring = async (name) => {
  if (!SOUNDS[name] || localStorage.getItem(SILENT) || !(await maySound())) return () => {};
  const output = audio.createGain();
  output.connect(audio.destination);
  for (let later = 0; later < RING_SECONDS; later += RING_EVERY) play(name, later, output);
  return () => output.disconnect();
};
