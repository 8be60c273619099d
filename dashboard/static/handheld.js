// The associate's phone: answers that survive a tunnel, one chime per call, a screen that stays on.

import { keepFresh } from "./poke.js";
import { serverNow } from "./time.js";

const LABELS = {
  acknowledge: "I\u2019m going",
  arrive: "I\u2019m there",
  close: "Done",
  decline: "I can\u2019t go",
  "hand-off": "Hand to another zone",
  "nobody-there": "Nobody there",
  undo: "Undo",
};

const $ = (id) => document.getElementById(id);
const floor = () => document.querySelector(".floor");

// ---- Notices -----------------------------------------------------------------------------------

function notice(text) {
  const line = document.createElement("p");
  line.className = "notice";
  line.textContent = text;
  $("notices").append(line);
  setTimeout(() => line.remove(), 7_000);
}

async function detail(answer) {
  try {
    const problem = await answer.json();
    return problem.detail || problem.title || "";
  } catch {
    return "";
  }
}

// ---- Answers -----------------------------------------------------------------------------------
// Every answer is written down first and sent second, in order, under one key: sending it again
// after a lost reply changes nothing.

const STORE = "overdoor-answers";
const SEND_TIMEOUT_MS = 8_000;
const FORGET_MS = 30 * 60_000;

let answers = load();
let sending = false;
let wait = 1_000;
let retryTimer = 0;
const pressed = new Set(); // "call verb" waiting for the server's word

function load() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE) ?? "[]");
    return Array.isArray(kept) ? kept.filter((a) => Date.now() - a.at < FORGET_MS) : [];
  } catch {
    return [];
  }
}

function save() {
  try {
    localStorage.setItem(STORE, JSON.stringify(answers));
  } catch {
    // A full or forbidden store: the queue lives as long as the page.
  }
  drawQueue();
}

// randomUUID is missing on plain http, which is how a shop's own network often runs.
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6] & 0x0f) | 0x40;
  b[8] = (b[8] & 0x3f) | 0x80;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function answer(call, verb, room, body = {}) {
  const duty = floor()?.dataset.duty;
  answers.push({ call, verb, room, body, duty, key: newKey(), at: Date.now(), failed: 0 });
  pressed.add(`${call} ${verb}`);
  save();
  decorate();
  flush();
}

async function flush() {
  if (sending) return;
  sending = true;
  clearTimeout(retryTimer);
  while (answers.length) {
    const next = answers[0];
    const now = floor()?.dataset.duty;
    if (now && next.duty !== now) {
      // A shared phone: what one said in a dead spot is not for the next one to have said.
      answers.shift();
      save();
      notice(`${next.room}: an answer of the shift before was not sent`);
      continue;
    }
    const body = { ...next.body };
    // A first try at once is not old; a queued one says how old it is.
    if (next.failed) body.age_ms = Math.max(0, Date.now() - next.at);
    let reply;
    try {
      reply = await fetch(`/api/v1/calls/${encodeURIComponent(next.call)}/${next.verb}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Idempotency-Key": next.key },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout?.(SEND_TIMEOUT_MS),
      });
      if (reply.status >= 500 || reply.status === 429) throw new Error(String(reply.status));
    } catch {
      next.failed += 1;
      save();
      retryTimer = setTimeout(flush, wait);
      wait = Math.min(wait * 2, 15_000);
      break;
    }
    wait = 1_000;
    answers.shift();
    save();
    if (!reply.ok) {
      notice((await detail(reply)) || `${next.room}: the answer was not taken`);
      pressed.delete(`${next.call} ${next.verb}`);
    }
    await fresh.pull();
    // The fragment says what happened; a press that changed nothing visible is let go too.
    setTimeout(() => {
      pressed.delete(`${next.call} ${next.verb}`);
      decorate();
    }, 1_200);
  }
  sending = false;
}

function drawQueue() {
  const stuck = answers.filter((a) => a.failed);
  $("queue").hidden = !stuck.length;
  if (!stuck.length) return;
  $("queue-count").textContent =
    answers.length === 1 ? "1 answer is not sent yet" : `${answers.length} answers are not sent yet`;
  $("queue-list").replaceChildren(
    ...answers.map((a) => {
      const item = document.createElement("li");
      item.textContent = `${LABELS[a.verb] ?? a.verb}, ${a.room}`;
      return item;
    }),
  );
}

$("queue-retry").addEventListener("click", () => {
  wait = 1_000;
  flush();
});
addEventListener("online", () => flush());

// ---- Presses -----------------------------------------------------------------------------------
// A button whose meaning has just changed does not take a tap for a moment: the second tap of a
// double tap on "I'm going" must not say "I'm there".

const SETTLE_MS = 450;
const verbs = new WeakMap(); // button → the verb it had
const settling = new WeakMap(); // button → until when (ms)

function decorate() {
  const now = Date.now();
  for (const button of document.querySelectorAll("[data-verb]")) {
    const { verb } = button.dataset;
    const call = button.closest("[data-call]")?.dataset.call;
    if (verbs.has(button) && verbs.get(button) !== verb) {
      settling.set(button, now + SETTLE_MS);
      setTimeout(decorate, SETTLE_MS + 10);
    }
    verbs.set(button, verb);
    const busy = pressed.has(`${call} ${verb}`);
    const still = (settling.get(button) ?? 0) > now;
    set(button, "aria-busy", busy);
    set(button, "aria-disabled", busy || still);
  }
}

function set(el, name, on) {
  if (on) el.setAttribute(name, "true");
  else el.removeAttribute(name);
}

let handing = null;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-verb]");
  if (!button) return;
  const card = button.closest("[data-call]");
  if (!card || button.getAttribute("aria-disabled") === "true") return;
  const { verb } = button.dataset;
  const room = card.dataset.roomName ?? "";
  button.closest("details")?.removeAttribute("open");
  if (verb === "hand-off") {
    handing = { call: card.dataset.call, room };
    $("handoff-room").textContent = room;
    for (const choice of document.querySelectorAll("[data-handoff-zone]")) {
      choice.hidden = choice.dataset.handoffZone === floor()?.dataset.zone;
    }
    $("handoff-people").replaceChildren($("colleagues").content.cloneNode(true));
    $("handoff").showModal();
    return;
  }
  answer(card.dataset.call, verb, room);
});

function handedTo({ dataset }) {
  return dataset.handoffDuty ? { to: dataset.handoffDuty } : { zone: dataset.handoffZone };
}

$("handoff").addEventListener("click", (event) => {
  const choice = event.target.closest("[data-handoff-zone], [data-handoff-duty]");
  if (!choice || !handing) return;
  answer(handing.call, "hand-off", handing.room, handedTo(choice));
  handing = null;
  $("handoff").close();
});

// A tap beside a sheet closes it.
for (const sheet of document.querySelectorAll("dialog")) {
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
}

// ---- Undo --------------------------------------------------------------------------------------

const UNDO_MS = 5_000;

function drawUndo() {
  for (const bar of document.querySelectorAll(".undo[data-undo-until]")) {
    const left = Number(bar.dataset.undoUntil) - serverNow();
    (bar.closest(".closing") ?? bar).hidden = left <= 0;
    if (left <= 0) continue;
    const words = `${Math.ceil(left / 1000)}\u00a0s`;
    const label = bar.querySelector(".undo-left");
    if (label.textContent !== words) label.textContent = words;
    bar.querySelector("rect").setAttribute("width", String(Math.min(100, (100 * left) / UNDO_MS)));
  }
}
setInterval(drawUndo, 100);

// ---- Chime -------------------------------------------------------------------------------------
// Once for a new call, never louder. Browsers allow sound only after a touch.

let audio = null;
let known = null;

function unlock() {
  try {
    audio ??= new (window.AudioContext || window.webkitAudioContext)();
    if (audio.state === "suspended") audio.resume().then(drawKit, () => {});
  } catch {
    audio = null;
  }
  drawKit();
}

function chime() {
  try {
    navigator.vibrate?.([160, 90, 160]);
  } catch {
    // Not every phone may.
  }
  if (!audio || audio.state !== "running") return;
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

function listen() {
  const cards = [...document.querySelectorAll('[data-call][data-state="raised"]')];
  const ids = new Set([...document.querySelectorAll("[data-call]")].map((card) => card.dataset.call));
  // The one repeat: the owner is reminded, and asked before it lapses.
  const reminders = [...document.querySelectorAll("[data-nudged], [data-asked]")];
  const reminded = (card) => `${card.dataset.call} ${"asked" in card.dataset ? "asked" : "nudged"}`;
  if (!floor()) {
    known = null;
    return;
  }
  if (known && floor().dataset.paused !== "true") {
    const fresh = cards.filter((card) => !known.has(card.dataset.call));
    const again = reminders.filter((card) => !known.has(reminded(card)));
    if (fresh.length || again.length) chime();
    if (fresh.length) {
      $("announce").textContent = `New call: ${fresh.map((card) => card.dataset.roomName).join(", ")}`;
    } else if (again.length) {
      $("announce").textContent = `${again[0].dataset.roomName} still waits for you`;
    }
  }
  known ??= new Set();
  for (const id of ids) known.add(id);
  for (const card of reminders) known.add(reminded(card));
}

for (const kind of ["pointerup", "keydown"]) addEventListener(kind, unlock, { capture: true });

// ---- Screen ------------------------------------------------------------------------------------

let lock = null;
let asking = false;

async function keepAwake() {
  const wanted = Boolean(floor()) && floor().dataset.paused !== "true";
  if (!wanted) {
    lock?.release().catch(() => {});
    lock = null;
  } else if (!lock && !asking && navigator.wakeLock && document.visibilityState === "visible") {
    asking = true;
    try {
      lock = await navigator.wakeLock.request("screen");
      lock.addEventListener("release", () => {
        lock = null;
        drawKit();
      });
    } catch {
      lock = null; // low battery, or not allowed
    }
    asking = false;
  }
  drawKit();
}
document.addEventListener("visibilitychange", keepAwake);

function drawKit() {
  const kit = $("kit");
  if (!kit) return;
  const sound = audio?.state === "running" ? "Chime on" : "Chime off: tap anywhere to turn it on";
  const screen = lock ? "Screen stays on" : "Screen may turn off by itself";
  if (kit.textContent === `${sound} · ${screen}`) return;
  const [one, two] = [sound, screen].map((words) => {
    const part = document.createElement("span");
    part.className = "nowrap";
    part.textContent = words;
    return part;
  });
  kit.replaceChildren(one, " · ", two);
}

// ---- Shift -------------------------------------------------------------------------------------

async function duty(method, body) {
  try {
    const reply = await fetch("/api/v1/duty", {
      method,
      headers: { "Content-Type": "application/json" },
      body: body ? JSON.stringify(body) : undefined,
      signal: AbortSignal.timeout?.(SEND_TIMEOUT_MS),
    });
    if (!reply.ok) {
      notice((await detail(reply)) || "That did not work. Try again.");
      return false;
    }
  } catch {
    notice("No connection. Try again in a moment.");
    return false;
  }
  fresh.pull();
  return true;
}

// Most people work where they worked last.
const LAST_ZONE = "overdoor-zone";

function recallZone() {
  const form = $("signon");
  if (!form || form.dataset.recalled) return;
  form.dataset.recalled = "true";
  try {
    const last = localStorage.getItem(LAST_ZONE);
    for (const radio of form.elements.namedItem("zone") instanceof RadioNodeList ? form.elements.zone : []) {
      if (radio.value === last) radio.checked = true;
    }
  } catch {
    // No store, no memory.
  }
}

document.addEventListener("submit", async (event) => {
  if (event.target.id !== "signon") return;
  event.preventDefault();
  // In place, not by a new page: a new page would have to ask for sound again.
  const data = new FormData(event.target);
  const go = $("signon-go");
  set(go, "aria-busy", true);
  try {
    localStorage.setItem(LAST_ZONE, data.get("zone"));
  } catch {
    // No store, no memory.
  }
  await duty("POST", { name: String(data.get("name")).trim(), zone: data.get("zone") });
  set(go, "aria-busy", false);
  fresh.renew(); // the stream of somebody on duty counts as a way to reach them
});

document.addEventListener("click", (event) => {
  if (event.target.closest("#duty")) {
    const { zone, paused } = floor().dataset;
    for (const choice of document.querySelectorAll("[data-move-zone]")) {
      choice.setAttribute("aria-pressed", String(choice.dataset.moveZone === zone));
    }
    $("shift-break").textContent = paused === "true" ? "End the break" : "Take a break";
    $("shift").showModal();
  } else if (event.target.closest("#resume")) {
    duty("POST", { paused: false });
  }
});

$("shift").addEventListener("click", (event) => {
  const button = event.target.closest("button[type=button]");
  if (!button) return;
  if (button.dataset.moveZone) duty("POST", { zone: button.dataset.moveZone });
  else if (button.id === "shift-break") duty("POST", { paused: floor()?.dataset.paused !== "true" });
  else if (button.id === "shift-off") duty("DELETE");
  else if (button.id === "shift-chime") {
    unlock();
    chime();
    return;
  }
  $("shift").close();
});

// ---- Go ----------------------------------------------------------------------------------------

const fresh = keepFresh(() => {
  decorate();
  drawUndo();
  listen();
  recallZone();
  drawKit();
  keepAwake();
});
drawQueue();
flush();
