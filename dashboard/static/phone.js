// What this phone can do for a shift, and what is in the way: sound, a screen that stays on, opening
// in a dead spot, being installed. Most of it browsers give only to https or to the machine itself.

import { isOn } from "./chime.js";
import { say } from "./words.js";

const HOUR_MS = 3_600_000;
const $ = (id) => document.getElementById(id);

let lock = null;
let asking = false;
let offline = "serviceWorker" in navigator ? "starting" : "no";
let worker = null;
let installing = null; // Chromium's offer to install

export const isInstalled = () =>
  matchMedia("(display-mode: standalone)").matches || navigator.standalone === true;

export function startPhone() {
  document.addEventListener("visibilitychange", () => keepAwake());
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    installing = event;
    drawPhone();
  });
  addEventListener("appinstalled", () => {
    installing = null;
    drawPhone();
  });
  $("install").addEventListener("click", () => {
    installing?.prompt();
    installing = null;
    drawPhone();
  });
  $("update").addEventListener("click", () => location.reload());
  keepShell();
}

// ---- The shell, for dead spots -----------------------------------------------------------------

async function keepShell() {
  if (!("serviceWorker" in navigator)) return drawPhone();
  try {
    worker = await navigator.serviceWorker.register("/sw.js", {
      scope: "/handheld",
      updateViaCache: "none",
    });
    await navigator.serviceWorker.ready;
    offline = "yes";
    setInterval(() => worker.update().catch(() => {}), HOUR_MS);
  } catch {
    offline = "no"; // an untrusted certificate, or not allowed
  }
  return drawPhone();
}

// The gateway may have become another version under an open page. A page that nobody works with takes
// it at once, others are asked: a new page must be touched before it may sound.
export function meetBuild(build, busy) {
  if (!build || build === document.documentElement.dataset.build) return;
  if (!busy && onceFor(build)) {
    location.reload();
  } else if ($("newer").hidden) {
    worker?.update().catch(() => {});
    $("newer").hidden = false;
  }
}

// A network too slow for a new page must not make a circle.
function onceFor(build) {
  try {
    if (sessionStorage.getItem("overdoor-build") === build) return false;
    sessionStorage.setItem("overdoor-build", build);
    return true;
  } catch {
    return false;
  }
}

// ---- The screen --------------------------------------------------------------------------------

export async function keepAwake(floor = document.querySelector(".floor")) {
  const wanted = Boolean(floor) && floor.dataset.paused !== "true";
  if (!wanted) {
    lock?.release().catch(() => {});
    lock = null;
  } else if (!lock && !asking && navigator.wakeLock && document.visibilityState === "visible") {
    asking = true;
    try {
      lock = await navigator.wakeLock.request("screen");
      lock.addEventListener("release", () => {
        lock = null;
        drawPhone();
      });
    } catch {
      lock = null; // low battery, or not allowed
    }
    asking = false;
  }
  drawPhone();
}

// ---- What is said of it ------------------------------------------------------------------------

export function drawPhone() {
  const secure = globalThis.isSecureContext;
  const lines = [
    isOn() ? "chime-on" : "chime-off",
    lock ? "screen-on" : secure ? "screen-off" : "screen-https",
    { yes: "offline-yes", starting: "offline-starting", no: secure ? "offline-no" : "offline-https" }[offline],
  ];
  const short = $("kit");
  if (short) write(short, lines.slice(0, 2));
  write($("phone"), [...lines, ...(isInstalled() ? ["installed"] : installing || !secure ? [] : ["install-how"])]);
  $("install").hidden = !installing;
}

function write(list, keys) {
  const said = keys.join(" ");
  if (list.dataset.said === said && list.childElementCount) return;
  list.dataset.said = said;
  list.replaceChildren(
    ...keys.map((key) => {
      const item = document.createElement("li");
      item.dataset.key = key;
      item.textContent = say(key);
      return item;
    }),
  );
}
