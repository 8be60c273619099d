// The numbers: another period, zone or measure without leaving the page; fresh as calls come and go.
// Each is a link that works without this. What is fetched is the part of the page it would show.

import { morph } from "./morph.js";

const REST_MS = 10_000; // at least so long between two pulls that nobody asked for
const KEYS = { d: "day", w: "week", m: "month", y: "year", a: "ever", Escape: "back" };

const part = document.getElementById("numbers");
let asked = 0; // which pull is the latest
let wanted = null; // what it asked for
let last = 0;
let timer = 0;

async function pull(query) {
  const mine = ++asked;
  wanted = query;
  last = Date.now();
  const answer = await fetch(part.dataset.part + query, { headers: { Accept: "text/html" }, cache: "no-store" });
  if (answer.redirected || !answer.ok) return false;
  const text = await answer.text();
  if (mine !== asked) return true; // another one was asked for meanwhile
  const page = new DOMParser().parseFromString(text, "text/html");
  // What was worked out before is part of what is shown.
  for (const box of page.querySelectorAll("[data-later]")) {
    if (worked.has(box.dataset.later)) box.innerHTML = worked.get(box.dataset.later);
  }
  morph(part, page.body);
  later();
  return true;
}

// What takes long to work out is fetched once, after the rest, and kept as parts come and go.
const worked = new Map();
async function later() {
  for (const box of part.querySelectorAll("[data-later]")) {
    const path = box.dataset.later;
    try {
      if (!worked.has(path)) {
        const answer = await fetch(path, { headers: { Accept: "text/html" } });
        if (!answer.ok || answer.redirected) continue;
        worked.set(path, await answer.text());
      }
      const page = new DOMParser().parseFromString(worked.get(path), "text/html");
      morph(box, page.body);
    } catch {
      // the link in it stays
    }
  }
}
later();

const shown = () => part.querySelector("[data-query]")?.dataset.query ?? "";

async function go(link) {
  const to = new URL(link.href);
  part.setAttribute("aria-busy", "true");
  try {
    if (!(await pull(to.search))) {
      location.assign(link.href);
      return;
    }
    history.pushState(null, "", to.pathname + to.search);
  } catch {
    location.assign(link.href);
  } finally {
    part.removeAttribute("aria-busy");
  }
}

part.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-go]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link);
});

addEventListener("popstate", () => pull(location.search).catch(() => {}));

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const where = event.target;
  if (where.closest?.("input, textarea, select, [contenteditable]")) return;
  const arrow = { ArrowLeft: "earlier", ArrowRight: "later" }[event.key];
  // A table that can be scrolled keeps its arrows.
  if (arrow && where.closest?.("[tabindex='0'], summary")) return;
  const name = arrow ?? KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  const link = name && part.querySelector(`a[data-go="${name}"]`);
  if (!link) return;
  event.preventDefault();
  go(link);
});

// Something happened: what is shown may be older than it. A period that is over stays as it is.
document.querySelector("[data-fragment]").addEventListener("pulled", () => {
  clearTimeout(timer);
  if (!("live" in (part.firstElementChild?.dataset ?? {}))) return;
  timer = setTimeout(() => {
    if (document.visibilityState === "visible") pull(wanted ?? shown()).catch(() => {});
  }, Math.max(300, last + REST_MS - Date.now()));
});
