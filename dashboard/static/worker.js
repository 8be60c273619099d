// The worker of the handheld. It keeps the shell, so that the page opens in a dead spot and says so,
// and nothing else: calls, the API and the stream are never kept. SHELL stands before this, from
// web/shell.py: {version, page, files}.

const KEPT = `overdoor-${SHELL.version}`;
const PATIENCE_MS = 4_000; // a network that says nothing for this long is none
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
  for (const name of await caches.keys()) {
    if (name.startsWith("overdoor-") && name !== KEPT) await caches.delete(name);
  }
  await self.clients.claim();
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === "/handheld") event.respondWith(page(request));
  } else if (FILES.has(url.pathname)) {
    event.respondWith(file(request));
  }
});

// The page itself is always the gateway's. Without one: the shell, which shows no call.
async function page(request) {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const asked = fetch(request).catch(() => undefined);
  const answer = await Promise.race([asked, late]);
  if (answer && answer.status < 500) return answer;
  return (await kept(SHELL.page)) ?? (await asked) ?? Response.error();
}

async function file(request) {
  return (await kept(request.url)) ?? fetch(request);
}

async function kept(address) {
  return (await caches.open(KEPT)).match(address);
}
