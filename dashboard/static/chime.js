// One chime for a new call, one repeat for its owner, never louder. Browsers allow sound and
// vibration only after a touch, so "Start shift" unlocks them. Several tabs of one person chime once.

import { claimChime, forgetOldChimes } from "./keep.js";
import { maySound } from "./receipts.js";
import { say } from "./words.js";

let audio = null;
let known = null; // what this tab has heard of; null until the first look
let drawn = () => {};

export function startChime(changed) {
  drawn = changed;
  for (const kind of ["pointerup", "keydown"]) addEventListener(kind, unlock, { capture: true });
  // A phone takes the sound back when another app plays; the next touch brings it back.
  document.addEventListener("visibilitychange", drawn);
  forgetOldChimes();
}

export const isOn = () => audio?.state === "running";

export function unlock() {
  try {
    audio ??= new (globalThis.AudioContext || globalThis.webkitAudioContext)();
    audio.onstatechange = drawn;
    if (audio.state !== "running") audio.resume().then(drawn, () => {});
  } catch {
    audio = null;
  }
  drawn();
}

export function chime() {
  try {
    navigator.vibrate?.([160, 90, 160]);
  } catch {
    // Not every phone may.
  }
  if (!isOn()) return;
  const start = audio.currentTime + 0.02;
  for (const [at, pitch] of [[0, 659.26], [0.16, 880]]) {
    const tone = audio.createOscillator();
    const level = audio.createGain();
    tone.type = "sine";
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0, start + at);
    level.gain.linearRampToValueAtTime(0.22, start + at + 0.015);
    level.gain.exponentialRampToValueAtTime(0.0008, start + at + 0.7);
    tone.connect(level).connect(audio.destination);
    tone.start(start + at);
    tone.stop(start + at + 0.75);
  }
}

// Looks at the page after each swap. `floor`: the part of somebody on duty, if there is one.
export function listen(floor) {
  if (!floor) {
    // A dead spot forgets nothing; the end of a shift does.
    if (!document.querySelector("[data-offline]")) known = null;
    return;
  }
  const cards = [...floor.querySelectorAll("[data-call]")];
  const raised = cards.filter((card) => card.dataset.state === "raised");
  const reminders = cards.filter((card) => "nudged" in card.dataset || "asked" in card.dataset);
  const reminder = (card) => `${card.dataset.call} ${"asked" in card.dataset ? "asked" : "nudged"}`;
  if (known && floor.dataset.paused !== "true") {
    const fresh = raised.filter((card) => !known.has(card.dataset.call));
    const again = reminders.filter((card) => !known.has(reminder(card)));
    ring(floor.dataset.duty, [...fresh.map((card) => card.dataset.call), ...again.map(reminder)]);
    announce(fresh, again);
  }
  known ??= new Set();
  for (const card of cards) known.add(card.dataset.call);
  for (const card of reminders) known.add(reminder(card));
}

// A tab that cannot sound leaves it to one that can.
async function ring(duty, what) {
  if (!what.length || !isOn()) return;
  const claimed = await Promise.all(what.map((one) => claimChime(`${duty} ${one}`)));
  // Nor does a phone sound that was heard for this call by a push, or beside another one of theirs.
  const mine = what.filter((_, place) => claimed[place]).map((one) => one.split(" ")[0]);
  if (mine.length && (await maySound(mine))) chime();
}

function announce(fresh, again) {
  const line = document.getElementById("announce");
  const names = (cards) => cards.map((card) => card.dataset.roomName).join(", ");
  if (fresh.length) line.textContent = say("new-call", { rooms: names(fresh) });
  else if (again.length) line.textContent = say("still-waits", { rooms: names(again) });
}
