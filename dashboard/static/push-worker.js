// The worker's part in being reached: one notification for each call, a receipt for it, and whether it
// may sound. A push that shows nothing costs the subscription, so one that says "Ana has it" takes the
// place of the page, without a sound, and goes by itself.

const REPLY_MS = 1_500; // from a phone outside the shop's network the gateway may not be reached
const OVER_MS = 4_000;

self.addEventListener("push", (event) => event.waitUntil(arrived(event)));
self.addEventListener("notificationclick", (event) => event.waitUntil(tapped(event)));

async function arrived(event) {
  const said = event.data ? event.data.json().notification : event.notification;
  if (!said) return;
  const { call, over } = said.data ?? {};
  const sound = said.silent ? false : await receipt(call, "received", true);
  const silent = over || said.silent || sound === false;
  await self.registration.showNotification(said.title, {
    body: said.body,
    tag: said.tag,
    lang: said.lang,
    silent,
    renotify: !silent,
    requireInteraction: !over,
    icon: "/static/icon-180.png",
    actions: over ? [] : (said.actions ?? []).map(({ action, title }) => ({ action, title })),
    data: { call, navigate: said.navigate },
  });
  if (!over) return void (await receipt(call, "shown", false));
  await new Promise((resolve) => setTimeout(resolve, OVER_MS));
  for (const old of await self.registration.getNotifications({ tag: said.tag })) {
    if (!old.requireInteraction) old.close();
  }
}

// True or false: whether it may sound; null where the gateway did not answer.
async function receipt(call, state, chime) {
  try {
    const reply = await post(`/api/v1/calls/${encodeURIComponent(call)}/receipt`, { rung: "push", state, chime });
    return reply.ok ? (await reply.json()).chime : null;
  } catch {
    return null;
  }
}

function post(address, body, headers = {}) {
  return fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout?.(REPLY_MS),
  });
}

async function tapped({ notification, action }) {
  notification.close();
  const { call, navigate } = notification.data ?? {};
  if (action === "acknowledge") {
    // What cannot be said from here is said on the page, which opens either way.
    const key = { "Idempotency-Key": crypto.randomUUID() }; // a call can come to somebody twice
    await post(`/api/v1/calls/${encodeURIComponent(call)}/acknowledge`, {}, key).catch(() => {});
  }
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => new URL(one.url).pathname === "/handheld");
  await (page ? page.focus() : self.clients.openWindow(navigate ?? "/handheld"));
}
