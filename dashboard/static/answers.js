// Answers that survive a tunnel. Each is written down first and sent second, in order, under one key:
// sending it again after a lost reply, or from two tabs, changes nothing. What the gateway did not take
// although it was late stays until it is read.

import { answers as kept, dropAnswer, keepAnswer } from "./keep.js";
import { detail, notice } from "./notices.js";
import { count, say } from "./words.js";

const SEND_MS = 8_000;
const LATE_MS = 1_500; // from here on it is said that an answer waits
const TOO_OLD_MS = 30 * 60_000;
const SHOWN_MS = 1_200; // what changed nothing visible is let go of after this
const TURN_MS = 10_000; // the longest one tab waits for another to send

const $ = (id) => document.getElementById(id);
const tabs = "BroadcastChannel" in globalThis ? new BroadcastChannel("overdoor-answers") : null;

let all = [];
const unwritten = new Set(); // keys on their way to the disk
const settled = new Set(); // keys that a reading which began earlier must not bring back
let sending = false;
let wait = 1_000;
let retryTimer = 0;
const landed = new Set(); // "call verb" that was sent, until the page shows it

// `duty()`: whose phone this is now, null if nobody's, undefined while that is not known.
// `changed()`: draw the buttons again. `sent()`: ask for the truth.
let page = { duty: () => undefined, changed: () => {}, sent: () => {} };

export async function startAnswers(hooks) {
  page = hooks;
  tabs?.addEventListener("message", read);
  addEventListener("online", sendAnswers);
  $("queue-retry").addEventListener("click", sendAnswers);
  $("refused").addEventListener("click", (event) => {
    const { keyOf } = event.target.closest("[data-key-of]")?.dataset ?? {};
    if (keyOf) settle(keyOf);
  });
  await read();
  sendAnswers();
}

export async function answer(call, verb, room, body = {}) {
  const at = Date.now();
  const one = { call, verb, room, body, duty: page.duty(), key: newKey(), at, n: all.length, tries: 0 };
  all.push(one);
  unwritten.add(one.key);
  setTimeout(draw, LATE_MS);
  page.changed();
  await keepAnswer(one);
  unwritten.delete(one.key);
  sendAnswers();
}

export const isSending = (call, verb) =>
  landed.has(`${call} ${verb}`) ||
  all.some((one) => !one.refused && one.call === call && one.verb === verb);

export const isWaiting = () => all.some((one) => !one.refused);

export async function sendAnswers() {
  if (sending || !isWaiting()) return;
  sending = true;
  clearTimeout(retryTimer);
  try {
    await alone(sendAll);
  } finally {
    sending = false;
  }
}

// One tab at a time where the browser can say so; the keys make it harmless where it cannot.
async function alone(work) {
  if (!navigator.locks) return work();
  const turn = { signal: AbortSignal.timeout(TURN_MS) };
  try {
    return await navigator.locks.request("overdoor-answers", turn, work);
  } catch (error) {
    if (error.name !== "TimeoutError" && error.name !== "AbortError") throw error;
    return work(); // the other tab sleeps with the lock
  }
}

async function sendAll() {
  await read();
  for (let one; (one = all.find((each) => !each.refused)); ) {
    const duty = page.duty();
    if (duty === undefined) return;
    if (one.duty !== duty) await refuse(one, say("answer-of-another-shift"));
    else if (Date.now() - one.at > TOO_OLD_MS) await refuse(one, say("answer-too-old"));
    else if (!(await send(one))) {
      retryTimer = setTimeout(sendAnswers, wait * (0.75 + Math.random() / 2));
      wait = Math.min(wait * 2, 8_000);
      return;
    }
    wait = 1_000;
  }
}

// True when the gateway has spoken, whatever it said.
async function send(one) {
  const age = Math.max(0, Date.now() - one.at);
  const late = one.tries > 0 || age > LATE_MS;
  const body = { ...one.body, duty: one.duty };
  // A first try at once is not old.
  if (late) body.age_ms = age;
  let reply;
  try {
    reply = await fetch(`/api/v1/calls/${encodeURIComponent(one.call)}/${one.verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": one.key },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout?.(SEND_MS),
    });
    if (reply.status >= 500 || reply.status === 429) throw new Error(String(reply.status));
  } catch {
    one.tries += 1;
    await write(one);
    draw();
    return false;
  }
  const why = reply.ok ? "" : (await detail(reply)) || say("answer-not-taken");
  if (why && late) {
    await refuse(one, why);
  } else {
    if (why) notice(`${one.room}: ${why}`);
    else land(`${one.call} ${one.verb}`);
    await settle(one.key);
  }
  page.sent();
  return true;
}

function land(what) {
  landed.add(what);
  setTimeout(() => {
    landed.delete(what);
    page.changed();
  }, SHOWN_MS);
}

async function refuse(one, why) {
  one.refused = why;
  await write(one);
  tell();
}

async function write(one) {
  all = all.map((each) => (each.key === one.key ? one : each)); // it may have been read again since
  await keepAnswer(one);
}

async function settle(key) {
  settled.add(key);
  all = all.filter((one) => one.key !== key);
  await dropAnswer(key);
  tell();
}

function tell() {
  tabs?.postMessage("changed");
  draw();
  page.changed();
}

async function read() {
  const found = (await kept()).filter((one) => !settled.has(one.key));
  const keys = new Set(found.map((one) => one.key));
  all = [...found, ...all.filter((one) => unwritten.has(one.key) && !keys.has(one.key))];
  draw();
  page.changed();
}

function draw() {
  const refused = all.filter((one) => one.refused);
  const waiting = all.filter((one) => !one.refused);
  const stuck = waiting.some((one) => one.tries || Date.now() - one.at > LATE_MS);
  $("queue").hidden = !stuck;
  const words = stuck ? count("waiting", waiting.length) : "";
  if ($("queue-count").textContent !== words) $("queue-count").textContent = words;
  $("queue-list").replaceChildren(...(stuck ? waiting : []).map((one) => line(one)));
  $("refused").hidden = !refused.length;
  const shown = new Set([...$("refused-list").children].map((item) => item.dataset.of));
  if (shown.size === refused.length && refused.every((one) => shown.has(one.key))) return;
  $("refused-list").replaceChildren(...refused.map((one) => line(one, one.refused)));
}

function line({ key, verb, room }, why = "") {
  const item = document.createElement("li");
  item.dataset.of = key;
  const what = document.createElement("span");
  what.textContent = say("verb-of-room", { verb: say(`verb-${verb}`), room });
  item.append(what);
  if (!why) return item;
  const reason = document.createElement("small");
  reason.textContent = why;
  const read = document.createElement("button");
  read.type = "button";
  read.className = "btn btn-small";
  read.dataset.keyOf = key;
  read.textContent = say("understood");
  item.append(reason, read);
  return item;
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
