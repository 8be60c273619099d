// Poke and pull. The stream only says that something changed; the page then fetches its fragment.
// A poke that is missed, doubled or late does no harm, because every pull brings the whole truth.
// Both carry the gateway's sequence number: what is shown must not be older than what was said.

import { morph } from "./morph.js";
import { setServerNow, tick } from "./time.js";

const SETTLE_MS = 30; // pokes come in bursts
const SILENCE_MS = 13_000; // the server pings every 5 s; a stream can die without an error
// How long an answer may take. Short first, because connections that slept may be dead without a word;
// longer each time, because a network may just be slow.
const PATIENCE_MS = 2_500;
const PATIENCE_MAX_MS = 10_000;
const LOST_MS = 3_000; // a blink of the network is not worth a banner
const FINGER_MS = 1_500; // the longest a press may hold a swap back

// Soon, and not all pages at once: a gateway that comes back is not met by a crowd.
const soon = () => 400 + Math.random() * 1_600;

// A page in two languages is nobody's. In a dead spot the kept page stays as it is.
export function speaksOtherwise(answer) {
  const language = answer.headers.get("Content-Language");
  return Boolean(language) && language !== document.documentElement.lang;
}

// Keep `[data-fragment]` true. `after(root)` runs after each swap.
export function keepFresh(after = () => {}) {
  const box = document.querySelector("[data-fragment]");
  const banner = document.getElementById("banner");
  let stream = null;
  let heard = Date.now();
  let lostTimer = 0;
  let pokeTimer = 0;
  let retryTimer = 0;
  let pulling = false;
  let again = false;
  let patience = PATIENCE_MS;
  let said = 0; // the sequence number that the stream told last
  let finger = 0;
  let afterFinger = null;

  function lost() {
    if (lostTimer) return;
    lostTimer = setTimeout(() => {
      banner.textContent = banner.dataset.lost;
      document.documentElement.dataset.stale = "";
    }, LOST_MS);
  }

  function found() {
    clearTimeout(lostTimer);
    lostTimer = 0;
    banner.textContent = "";
    delete document.documentElement.dataset.stale;
  }

  function connect() {
    stream?.close();
    clearTimeout(retryTimer);
    heard = Date.now();
    const mine = new EventSource("/api/v1/stream");
    stream = mine;
    const alive = () => {
      heard = Date.now();
    };
    mine.addEventListener("ping", alive);
    mine.addEventListener("open", alive);
    mine.addEventListener("message", (event) => {
      alive();
      said = JSON.parse(event.data).seq;
      poke();
    });
    // Browsers differ in when they try again, and some give up: so it is done here.
    mine.addEventListener("error", () => {
      if (mine !== stream) return;
      mine.close();
      lost();
      clearTimeout(retryTimer);
      retryTimer = setTimeout(connect, soon());
    });
  }

  function poke() {
    if (pulling) {
      again = true;
      return;
    }
    clearTimeout(pokeTimer);
    pokeTimer = setTimeout(pull, SETTLE_MS);
  }

  async function pull() {
    if (pulling) {
      again = true;
      return;
    }
    pulling = true;
    again = false;
    try {
      const answer = await fetch(box.dataset.fragment, {
        headers: { Accept: "text/html" },
        cache: "no-store",
        signal: AbortSignal.timeout?.(patience),
      });
      if (answer.redirected) {
        location.reload(); // signed out meanwhile: the page itself shows the way in
        return;
      }
      if (speaksOtherwise(answer)) {
        location.reload(); // somebody signed on who reads another language, or chose one elsewhere
        return;
      }
      if (answer.status === 404 || answer.status === 410) return;
      if (!answer.ok) throw new Error(`fragment: ${answer.status}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      // A fragment's address may also answer with its whole page.
      const next = page.querySelector("[data-fragment]") ?? page.body;
      const shown = next.querySelector("[data-seq]");
      if (shown && Number(shown.dataset.seq) < said) throw new Error("older than what was said");
      swap(next);
      patience = PATIENCE_MS;
      if (stream.readyState === EventSource.OPEN) found();
    } catch {
      patience = Math.min(patience * 2, PATIENCE_MAX_MS);
      lost();
      setTimeout(poke, soon());
    } finally {
      pulling = false;
      if (again) poke();
    }
  }

  function swap(fresh) {
    // Nothing moves under a finger: a button must stay the one that was aimed at.
    if (finger && Date.now() - finger < FINGER_MS) {
      afterFinger = fresh;
      return;
    }
    afterFinger = null;
    morph(box, fresh);
    const now = box.querySelector("[data-now]");
    if (now) setServerNow(now.dataset.now);
    tick(box);
    dress();
    after(box);
  }

  // The tab says how many wait, in words and in its icon.
  function dress() {
    const root = box.firstElementChild;
    if (!root) return;
    if (root.dataset.title) document.title = root.dataset.title;
    if (!("waiting" in root.dataset)) return;
    const icon = Number(root.dataset.waiting) ? "/static/icon-waiting.svg" : "/static/icon.svg";
    const link = document.getElementById("favicon");
    if (link && link.getAttribute("href") !== icon) link.setAttribute("href", icon);
  }

  addEventListener("pointerdown", (event) => {
    if (event.target.closest?.("button, a, summary")) finger = Date.now();
  }, true);
  for (const kind of ["pointerup", "pointercancel"]) {
    addEventListener(kind, () => {
      if (!finger) return;
      // The click comes after the pointer's release.
      setTimeout(() => {
        finger = 0;
        if (afterFinger) swap(afterFinger);
      }, 0);
    }, true);
  }

  function wake() {
    if (document.visibilityState === "hidden") return;
    patience = PATIENCE_MS;
    connect();
    poke();
  }
  document.addEventListener("visibilitychange", wake);
  addEventListener("pageshow", (event) => event.persisted && wake());
  addEventListener("online", wake);
  document.addEventListener("resume", wake);
  // A page that the phone puts to sleep cannot chime: it must not count as a way to reach somebody.
  document.addEventListener("freeze", () => stream.close());
  addEventListener("offline", lost);
  addEventListener("pagehide", () => stream?.close());
  setInterval(() => {
    const limit = stream.readyState === EventSource.CONNECTING ? patience : SILENCE_MS;
    if (Date.now() - heard > limit) {
      lost();
      connect();
    }
    if (afterFinger && Date.now() - finger >= FINGER_MS) swap(afterFinger);
  }, 1_000);

  connect();
  dress();
  after(box);
  return { pull: poke, renew: wake };
}
