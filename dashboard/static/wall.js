// The wall board. Nobody touches it for hours, so it looks after itself.

import { keepFresh } from "./poke.js";

const REST_MS = 4_000; // until pointer and button go
const SHIFT_MS = 60_000;
const SHIFTS = [[0, 0], [3, 2], [6, 0], [3, -2], [0, 0], [-3, 2], [-6, 0], [-3, -2]]; // px

const root = document.documentElement;
const main = document.getElementById("main");
const board = document.getElementById("board");
const full = document.getElementById("full");

keepFresh(() => {
  // The gateway was updated: the board of yesterday is not the one of today.
  const build = board.firstElementChild?.dataset.build;
  if (build && build !== root.dataset.build) location.reload();
});

// No pixel shows the same edge all day.
let shift = 0;
setInterval(() => {
  shift = (shift + 1) % SHIFTS.length;
  main.style.translate = SHIFTS[shift].map((px) => `${px}px`).join(" ");
}, SHIFT_MS);

function toggle() {
  if (document.fullscreenElement) document.exitFullscreen();
  else root.requestFullscreen?.().catch(() => {});
}
full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", toggle);
addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "f" && !event.ctrlKey && !event.metaKey && !event.altKey) toggle();
});

let resting = 0;
function stir() {
  document.body.classList.remove("is-resting");
  clearTimeout(resting);
  resting = setTimeout(() => document.body.classList.add("is-resting"), REST_MS);
}
for (const kind of ["pointermove", "pointerdown", "keydown"]) addEventListener(kind, stir);
stir();

// A screen that sleeps shows nobody waiting.
async function stayAwake() {
  if (document.visibilityState !== "visible") return;
  await navigator.wakeLock?.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
