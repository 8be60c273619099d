// Start, move, break, end of a shift. Nothing of it is queued: a shift begins when the shop says so.

import { chime, unlock } from "./chime.js";
import { detail, notice } from "./notices.js";
import { say } from "./words.js";

const SEND_MS = 8_000;
const LAST_ZONE = "overdoor-zone"; // most people work where they worked last

const $ = (id) => document.getElementById(id);
const floor = () => document.querySelector(".floor");

// `fresh`: the page's pull and renew.
export function startShift(fresh) {
  async function duty(method, body) {
    try {
      const reply = await fetch("/api/v1/duty", {
        method,
        headers: { "Content-Type": "application/json" },
        body: body ? JSON.stringify(body) : undefined,
        signal: AbortSignal.timeout?.(SEND_MS),
      });
      if (!reply.ok) notice((await detail(reply)) || say("did-not-work"));
    } catch {
      notice(say("no-connection"));
      return;
    }
    fresh.pull();
  }

  document.addEventListener("submit", async (event) => {
    if (event.target.id !== "signon") return;
    event.preventDefault();
    // In place, not by a new page: a new page would have to ask for sound again.
    const data = new FormData(event.target);
    const go = $("signon-go");
    go.setAttribute("aria-busy", "true");
    remember(data.get("zone"));
    const said = { zone: data.get("zone") };
    if (data.has("name")) said.name = String(data.get("name")).trim();
    if (data.has("pin")) said.pin = data.get("pin"); // where the shop has accounts
    await duty("POST", said);
    go.removeAttribute("aria-busy");
    fresh.renew(); // the stream of somebody on duty counts as a way to reach them
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("#duty")) openSheet();
    else if (event.target.closest("#resume")) duty("POST", { paused: false });
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
    } else return;
    $("shift").close();
  });
}

function openSheet() {
  const { zone, paused } = floor().dataset;
  for (const choice of document.querySelectorAll("[data-move-zone]")) {
    choice.setAttribute("aria-pressed", String(choice.dataset.moveZone === zone));
  }
  $("shift-break").textContent = say(paused === "true" ? "break-end" : "break-take");
  $("shift").showModal();
}

function remember(zone) {
  try {
    localStorage.setItem(LAST_ZONE, zone);
  } catch {
    // No store, no memory.
  }
}

export function recallZone() {
  const form = $("signon");
  if (!form || form.dataset.recalled) return;
  form.dataset.recalled = "true";
  try {
    const last = localStorage.getItem(LAST_ZONE);
    for (const radio of form.querySelectorAll('[name="zone"]')) {
      if (radio.value === last) radio.checked = true;
    }
  } catch {
    // No store, no memory.
  }
}
