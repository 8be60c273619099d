// The shopper's page follows its call. Every form works without this; with it nothing flickers, and
// a lost connection is said.

import { morph } from "./morph.js";

const OPEN_MS = 2_000;
const IDLE_MS = 5_000;
const LOST_AFTER = 3; // polls in a row: a blink of the network is not worth a line
const LIMIT_MS = 8_000;
const READ_MS = 20_000; // how long it stays what was not possible

const banner = document.getElementById("banner");
const words = (id) => document.getElementById(id).content.textContent;
const main = () => document.getElementById("main");
let tag = "";
let lost = 0;
let asking = null; // what is under way; a form's answer beats a poll's
let timer = 0;
let readUntil = 0;

async function ask(options) {
  const mine = new AbortController();
  asking?.abort();
  asking = mine;
  const limit = setTimeout(() => mine.abort(), LIMIT_MS);
  try {
    const { url = location.href, ...rest } = options;
    const answer = await fetch(url, { cache: "no-store", signal: mine.signal, ...rest });
    if (answer.status !== 304) show(answer, await answer.text());
    return true;
  } catch {
    return asking !== mine; // another one took over: nothing is lost
  } finally {
    clearTimeout(limit);
    if (asking === mine) asking = null;
  }
}

function show(answer, html) {
  if (answer.headers.get("Content-Language") !== document.documentElement.lang) {
    location.assign(answer.url); // another language was chosen: the whole page is other
    return;
  }
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.getElementById("main");
  if (!fresh) throw new Error(`not the page: ${answer.status}`);
  if (!answer.ok) readUntil = Date.now() + READ_MS;
  tag = answer.headers.get("ETag") ?? "";
  if (answer.redirected) history.replaceState(null, "", answer.url);
  const box = main();
  for (const name of ["data-state", "data-call"]) {
    if (fresh.hasAttribute(name)) box.setAttribute(name, fresh.getAttribute(name));
    else box.removeAttribute(name);
  }
  morph(box, fresh);
}

async function poll() {
  clearTimeout(timer);
  if (document.visibilityState === "visible" && !asking && Date.now() > readUntil) {
    const found = await ask({ headers: tag ? { "If-None-Match": tag } : {} });
    lost = found ? 0 : lost + 1;
    if (lost >= LOST_AFTER) banner.textContent = words("lost");
    else if (found) banner.textContent = "";
  }
  const open = ["raised", "acknowledged", "arrived"].includes(main().dataset.state);
  clearTimeout(timer);
  timer = setTimeout(poll, open || lost ? OPEN_MS : IDLE_MS);
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  event.preventDefault();
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  readUntil = 0;
  const body = new URLSearchParams(new FormData(form));
  if (button?.name) body.set(button.name, button.value);
  const sent = await ask({ url: form.action, method: "POST", body });
  form.ariaBusy = null;
  banner.textContent = sent ? "" : words("unsent");
  if (!document.activeElement || document.activeElement === document.body) main().focus();
  poll();
});

document.addEventListener("visibilitychange", poll);
addEventListener("pageshow", (event) => event.persisted && poll());
addEventListener("online", poll);
timer = setTimeout(poll, OPEN_MS);
