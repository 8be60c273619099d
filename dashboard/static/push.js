// Alerts while the page is closed: this browser's subscription, for as long as the shift lasts.

const button = document.getElementById("shift-push");
const note = document.getElementById("shift-push-note");
const floor = () => document.querySelector(".floor");
let sent = null; // "duty endpoint" that the gateway knows

const able = () => isSecureContext && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

async function subscribe() {
  const { key } = await (await fetch("/api/v1/push")).json();
  if (!key) return "none";
  const { pushManager } = await navigator.serviceWorker.ready;
  const subscription =
    (await pushManager.getSubscription()) ??
    (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
  const { endpoint, keys } = subscription.toJSON();
  const mark = `${floor()?.dataset.duty} ${endpoint}`;
  if (sent === mark) return "on";
  const reply = await fetch("/api/v1/duty/push", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ endpoint, keys }),
  });
  if (!reply.ok) return "refused";
  sent = mark;
  return "on";
}

// One sentence for each way it can stand; all of them are in the page.
function say(state) {
  for (const line of note.children) line.hidden = line.dataset.state !== state;
  button.hidden = state !== "off" && state !== "failed";
}

async function look() {
  if (!floor()) return;
  if (!able()) say("unable");
  else if (Notification.permission === "denied") say("denied");
  else if (Notification.permission === "granted") say(await subscribe().catch(() => "failed"));
  else say("off");
}

button.addEventListener("click", async () => {
  // Browsers ask only after a tap.
  await Notification.requestPermission();
  await look();
});

// What is shown here needs no notification beside it.
async function tidy() {
  if (document.visibilityState !== "visible" || !able()) return;
  const registration = await navigator.serviceWorker.getRegistration("/handheld");
  for (const shown of (await registration?.getNotifications?.()) ?? []) {
    if (!document.querySelector(`[data-call="${CSS.escape(shown.tag)}"][data-state="raised"]`)) shown.close();
  }
}
document.addEventListener("visibilitychange", tidy);
new MutationObserver(() => floor() && look()).observe(document.getElementById("main"), { childList: true });
look();
