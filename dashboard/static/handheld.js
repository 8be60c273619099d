// The associate's phone: presses become answers, and the page is kept true.

import { answer, isSending, isWaiting, sendAnswers, startAnswers } from "./answers.js";
import { listen, startChime } from "./chime.js";
import { drawPhone, keepAwake, meetBuild, startPhone } from "./phone.js";
import { keepFresh } from "./poke.js";
import "./push.js";
import { tellShown } from "./receipts.js";
import { askReply } from "./reply.js";
import { recallZone, startShift } from "./shift.js";
import { serverNow, span } from "./time.js";

const $ = (id) => document.getElementById(id);
const floor = () => document.querySelector(".floor");

// Whose phone this is: null between shifts, undefined in a dead spot.
function duty() {
  if (floor()) return floor().dataset.duty;
  return document.querySelector(".signon") ? null : undefined;
}

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
    const busy = isSending(call, verb);
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
  if (verb === "reply") {
    askReply(button, room, (body) => answer(card.dataset.call, verb, room, body));
    return;
  }
  if (verb === "hand-off") {
    handing = { call: card.dataset.call, room };
    $("handoff-room").textContent = room;
    const zones = [...document.querySelectorAll("[data-handoff-zone]")];
    for (const choice of zones) choice.hidden = choice.dataset.handoffZone === floor()?.dataset.zone;
    const people = $("colleagues").cloneNode(true).children;
    const elsewhere = zones.some((choice) => !choice.hidden);
    $("handoff-people").hidden = !people.length;
    $("handoff-or").hidden = !people.length || !elsewhere;
    $("handoff-nobody").hidden = people.length || elsewhere;
    $("handoff-people").replaceChildren(...people);
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
    const words = span(Math.ceil(left / 1000) * 1000);
    const label = bar.querySelector(".undo-left");
    if (label.textContent !== words) label.textContent = words;
    bar.querySelector("rect").setAttribute("width", String(Math.min(100, (100 * left) / UNDO_MS)));
  }
}
setInterval(drawUndo, 100);

// ---- Receipts ----------------------------------------------------------------------------------

function tell() {
  if (floor()) tellShown([...floor().querySelectorAll('[data-state="raised"]')].map((card) => card.dataset.call));
}
document.addEventListener("visibilitychange", tell);

// ---- Go ----------------------------------------------------------------------------------------

const fresh = keepFresh(() => {
  decorate();
  drawUndo();
  listen(floor());
  tell();
  recallZone();
  keepAwake(floor());
  const build = document.querySelector("[data-fragment] > [data-build]")?.dataset.build;
  meetBuild(build, Boolean(floor()) || isWaiting());
  sendAnswers(); // what waits goes as soon as the gateway speaks again
});
startChime(drawPhone);
startPhone();
startShift(fresh);
startAnswers({ duty, changed: decorate, sent: fresh.pull });
