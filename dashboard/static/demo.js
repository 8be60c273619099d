// The simulated shop: send presses, draw the lights exactly as the firmware set them.

import { say } from "./words.js";

const plan = document.getElementById("plan");
const banner = document.getElementById("banner");
const rooms = new Map([...plan.querySelectorAll("[data-room]")].map((g) => [g.dataset.room, roomOf(g)]));

function roomOf(g) {
  const all = (q) => [...g.querySelectorAll(q)];
  return {
    g,
    on: all(".led-on"),
    glow: all(".led-glow"),
    hot: all(".led-hot"),
    ringGlow: g.querySelector(".ring-glow"),
    ringStops: [...document.querySelectorAll(`#g-ring-${CSS.escape(g.dataset.room)} stop`)],
    lampGlow: g.querySelector(".lamp-glow"),
    lampLit: g.querySelector(".lamp-lit"),
    lampHot: g.querySelector(".lamp-hot"),
  };
}

// ---- Lights ------------------------------------------------------------------------------------
// An LED at 10 of 255 is plainly visible in a shop; a screen needs gamma to agree.

const seen = (level) => Math.pow(level / 255, 1 / 2.2);

function light(room, state) {
  if (state.online !== undefined) room.g.dataset.online = String(state.online);
  if (state.ring) ring(room, state.ring);
  if (state.lamp !== undefined) lamp(room, state.lamp);
}

function ring(room, leds) {
  let brightest = 0;
  const sum = [0, 0, 0];
  leds.forEach((hex, i) => {
    const value = parseInt(hex, 16) || 0;
    const rgb = [(value >> 16) & 255, (value >> 8) & 255, value & 255];
    const level = Math.max(...rgb);
    brightest = Math.max(brightest, level);
    rgb.forEach((c, k) => (sum[k] += c));
    if (!room.on[i]) return;
    const colour = level ? `rgb(${rgb.map((c) => Math.round((c * 255) / level)).join(" ")})` : "none";
    const alpha = level ? seen(level) : 0;
    room.on[i].setAttribute("fill", colour);
    room.on[i].setAttribute("opacity", alpha.toFixed(3));
    room.glow[i].setAttribute("fill", colour);
    room.glow[i].setAttribute("opacity", (alpha * 0.32).toFixed(3));
    room.hot[i].setAttribute("opacity", (alpha * alpha * 0.8).toFixed(3));
  });
  const top = Math.max(...sum);
  if (top) {
    const colour = `rgb(${sum.map((c) => Math.round((c * 255) / top)).join(" ")})`;
    for (const stop of room.ringStops) stop.setAttribute("stop-color", colour);
  }
  room.ringGlow.setAttribute("opacity", (seen(top / leds.length || 0) * 0.85).toFixed(3));
  room.g.dataset.ring = String(brightest);
}

function lamp(room, level) {
  const alpha = seen(level);
  room.lampGlow.setAttribute("opacity", (alpha * 0.95).toFixed(3));
  room.lampLit.setAttribute("opacity", alpha.toFixed(3));
  room.lampHot.setAttribute("opacity", (alpha * alpha).toFixed(3));
  room.g.dataset.lamp = String(level);
}

// ---- Pager -------------------------------------------------------------------------------------
// The screen's own bytes: eight rows of 128, each a column of eight points with the lowest bit on top.

const pocket = document.getElementById("pager");
const glass = pocket.querySelector("canvas").getContext("2d");

function pager({ points, online }) {
  pocket.dataset.online = String(online);
  pocket.dataset.lit = String(points !== "");
  const image = glass.createImageData(128, 64);
  for (let at = 0; at < points.length / 2; at++) {
    const column = parseInt(points.slice(2 * at, 2 * at + 2), 16);
    for (let bit = 0; bit < 8; bit++) {
      if (!((column >> bit) & 1)) continue;
      const place = 4 * (128 * (8 * Math.floor(at / 128) + bit) + (at % 128));
      image.data.set([150, 215, 255, 255], place);
    }
  }
  glass.putImageData(image, 0, 0);
}

// ---- People ------------------------------------------------------------------------------------

const crowd = document.getElementById("people");
const SVG = "http://www.w3.org/2000/svg";
const dots = new Map();

function make(name, attributes, parent) {
  const el = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) el.setAttribute(key, value);
  parent.append(el);
  return el;
}

function people({ associates = [], busy }) {
  const scale = dotScale();
  for (const person of associates) {
    let dot = dots.get(person.id);
    if (person.x != null && person.y != null) {
      if (!dot) {
        dot = make("g", { class: "person" }, crowd);
        const inner = make("g", { transform: `scale(${scale})` }, dot);
        make("circle", { r: 15, class: "person-dot" }, inner);
        make("text", { class: "person-initial", "text-anchor": "middle", y: 5 }, inner).textContent =
          person.name.slice(0, 1).toUpperCase();
        make("text", { class: "person-name", "text-anchor": "middle", y: 31 }, inner).textContent = person.name;
        dots.set(person.id, dot);
      }
      dot.style.transform = `translate(${person.x * 100}px, ${person.y * 100}px)`;
      dot.dataset.on = String(Boolean(person.on));
    }
    const toggle = document.querySelector(`[data-associate="${CSS.escape(person.id)}"]`);
    toggle?.setAttribute("aria-checked", String(Boolean(person.on)));
    const doing = document.querySelector(`[data-doing="${CSS.escape(person.id)}"]`);
    if (doing) doing.textContent = person.doing || say(person.on ? "free" : "away");
  }
  if (busy !== undefined) document.querySelector("[data-busy]")?.setAttribute("aria-checked", String(Boolean(busy)));
}

// People are drawn in the size of the rooms, so that both shrink together.
function dotScale() {
  const match = /scale\(([\d.]+)\)/.exec(plan.querySelector("[data-room]")?.getAttribute("transform") ?? "");
  return match ? Number(match[1]) * 0.85 : 1;
}

// ---- Stream ------------------------------------------------------------------------------------

let stream = null;
let lostTimer = 0;
let retryTimer = 0;

function connect() {
  stream?.close();
  clearTimeout(retryTimer);
  stream = new EventSource("/demo/stream");
  stream.addEventListener("lights", (event) => {
    for (const [id, state] of Object.entries(JSON.parse(event.data).rooms ?? {})) {
      const room = rooms.get(id);
      if (room) light(room, state);
    }
  });
  stream.addEventListener("pager", (event) => pager(JSON.parse(event.data)));
  stream.addEventListener("people", (event) => people(JSON.parse(event.data)));
  stream.addEventListener("open", () => {
    clearTimeout(lostTimer);
    lostTimer = 0;
    banner.textContent = "";
  });
  stream.addEventListener("error", (event) => {
    lostTimer ||= setTimeout(() => {
      banner.textContent = say("lost");
    }, 3_000);
    if (event.target.readyState === EventSource.CLOSED) retryTimer = setTimeout(connect, 2_000);
  });
}

document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && connect());
addEventListener("pageshow", (event) => event.persisted && connect());
addEventListener("pagehide", () => stream?.close());
connect();

// ---- Buttons -----------------------------------------------------------------------------------
// Down and up are sent as they happen and in order; the firmware decides what is a press or a hold.

let line = Promise.resolve();

function send(path, body) {
  line = line
    .then(() =>
      fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        keepalive: true,
      }),
    )
    .catch(() => {});
  return line;
}

const held = new Map(); // button element → what holds it

function turn(button, way) {
  if (button.dataset.key) send(`/demo/pager/${way}`, { key: button.dataset.key });
  else send(`/demo/rooms/${button.closest("[data-room]").dataset.room}/${way}`, { button: button.dataset.button });
}

function down(button, by) {
  if (held.has(button)) return;
  held.set(button, by);
  button.dataset.held = "";
  turn(button, "down");
}

function up(button) {
  if (!held.delete(button)) return;
  delete button.dataset.held;
  turn(button, "up");
}

for (const button of document.querySelectorAll("[data-button], [data-key]")) {
  let touched = 0;
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    touched = Date.now();
    try {
      button.setPointerCapture(event.pointerId);
    } catch {
      // A synthetic pointer cannot be captured.
    }
    down(button, "pointer");
  });
  for (const kind of ["pointerup", "pointercancel", "lostpointercapture"]) {
    button.addEventListener(kind, () => {
      touched = Date.now();
      up(button);
    });
  }
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) down(button, "key");
  });
  button.addEventListener("keyup", (event) => {
    if (event.key === "Enter" || event.key === " ") up(button);
  });
  button.addEventListener("blur", () => held.get(button) === "key" && up(button));
  // Screen readers click without a pointer or a key.
  button.addEventListener("click", () => {
    if (Date.now() - touched < 700 || held.has(button)) return;
    down(button, "click");
    up(button);
  });
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}
addEventListener("blur", () => [...held.keys()].forEach(up));

// ---- Switches ----------------------------------------------------------------------------------

for (const toggle of document.querySelectorAll(".switch")) {
  toggle.addEventListener("click", async () => {
    const on = toggle.getAttribute("aria-checked") !== "true";
    toggle.setAttribute("aria-checked", String(on));
    const path = toggle.dataset.associate ? `/demo/associates/${toggle.dataset.associate}` : "/demo/busy";
    try {
      const reply = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ on }),
      });
      if (!reply.ok) throw new Error(String(reply.status));
    } catch {
      toggle.setAttribute("aria-checked", String(!on));
    }
  });
}
