// The worker of the handheld. It keeps the shell, so that the page opens in a dead spot and says so,
// and nothing else: calls, the API and the stream are never kept. SHELL stands before this, from
// web/shell.py: {version, page, files}.

const KEPT = `overdoor-${SHELL.version}`;
const PATIENCE_MS = 4_000; // a network that has not brought the page in this time is none
const HANDED_OVER_MS = 2_000; // so long may a page take from here to the screen
const FILES = new Set(SHELL.files);

self.addEventListener("install", (event) => event.waitUntil(fill()));

async function fill() {
  const kept = await caches.open(KEPT);
  // Past the browser's own cache, which may hold yesterday's icon.
  await kept.addAll([SHELL.page, ...SHELL.files].map((file) => new Request(file, { cache: "no-cache" })));
  // At once: pages that are open have all their files, and new ones name theirs by content.
  await self.skipWaiting();
}

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

async function takeOver() {
  const names = await caches.keys();
  // The next version may have filled its own already. It clears up when it takes over.
  const { installing, waiting } = self.registration;
  if (!installing && !waiting) {
    const old = names.filter((name) => name.startsWith("overdoor-") && name !== KEPT);
    await Promise.all(old.map((name) => caches.delete(name)));
  }
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === "/handheld") answer(event);
  } else if (FILES.has(url.pathname)) {
    event.respondWith(file(request));
  }
});

function answer(event) {
  const answered = page(event.request);
  event.respondWith(answered);
  // Chromium ends a worker that has nothing to do as soon as its successor wants its place. A page that
  // is on its way from here then never comes, and the phone waits for ever.
  const handedOver = () => sleep(HANDED_OVER_MS);
  event.waitUntil(answered.then(handedOver, handedOver));
}

// The page itself is always the gateway's. Without one: the shell, which shows no call.
async function page(request) {
  const asked = fetch(request).then(whole).catch(() => undefined);
  const answer = await Promise.race([asked, sleep(PATIENCE_MS)]);
  if (answer && answer.status < 500) return answer;
  return (await kept(SHELL.page)) ?? (await asked) ?? Response.error();
}

// An answer with all that it says: a network can go in the middle of it. Where it only leads elsewhere,
// the browser follows it.
async function whole(answer) {
  if (answer.type === "opaqueredirect") return answer;
  const { status, statusText, headers } = answer;
  return new Response(await answer.arrayBuffer(), { status, statusText, headers });
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function file(request) {
  return (await kept(request.url)) ?? fetch(request);
}

// Without opening it: that would make a cache anew which a successor has deleted.
function kept(address) {
  return caches.match(address, { cacheName: KEPT });
}
