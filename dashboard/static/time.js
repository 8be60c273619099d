// Times on the page. The server's clock is the one that counts; a phone's may be minutes off.
// `<time data-since>` ticks every second, `<time data-at>` becomes a time of day.

import { count, say } from "./words.js";

let offset = 0; // server minus browser, ms

export const serverNow = () => Date.now() + offset;

export function setServerNow(ms) {
  const next = Number(ms) - Date.now();
  if (Number.isFinite(next)) offset = next;
}

const whole = (words) => words.replaceAll(" ", "\u00a0"); // a number and its unit stay on one line
const unit = (key, n) => whole(say(key, { n }));
const two = (n) => String(n).padStart(2, "0");

// Twins of `span` and `coarse` in web/words.py.
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return unit("s", s);
  if (s < 3600) return unit("min", Math.floor(s / 60)) + (s % 60 ? ` ${unit("s", two(s % 60))}` : "");
  return `${unit("h", Math.floor(s / 3600))} ${unit("min", two(Math.floor((s % 3600) / 60)))}`;
}

export function coarse(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return unit("s", s);
  if (s < 3600) return unit("min", Math.floor(s / 60));
  if (s < 172800) return unit("h", Math.floor(s / 3600));
  return whole(count("days", Math.floor(s / 86400)));
}

const timeZone = document.documentElement.dataset.timezone || undefined;
const writers = new Map();

function timeOfDay(ms, seconds) {
  if (!writers.has(seconds)) {
    const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone };
    if (seconds) options.second = "2-digit";
    let writer;
    try {
      writer = new Intl.DateTimeFormat(document.documentElement.lang, options);
    } catch {
      writer = new Intl.DateTimeFormat("en", { ...options, timeZone: undefined });
    }
    writers.set(seconds, writer);
  }
  return writers.get(seconds).format(ms);
}

export function tick(root = document) {
  const now = serverNow();
  for (const el of root.querySelectorAll("time[data-since]")) {
    const since = Number(el.dataset.since);
    if (!since) continue;
    const text = "coarse" in el.dataset ? coarse(now - since) : span(now - since);
    if (el.textContent !== text) el.textContent = text;
  }
  for (const el of root.querySelectorAll("time[data-at]")) {
    const text = timeOfDay(Number(el.dataset.at), "seconds" in el.dataset);
    if (el.textContent !== text) el.textContent = text;
  }
}

setServerNow(document.documentElement.dataset.now);
tick();
// Four times a second, because every age turns at its own moment; only what turned is written.
setInterval(tick, 250);
