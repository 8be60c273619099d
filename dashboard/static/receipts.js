// Tells the gateway which calls this screen shows: a page that nobody shows climbs to the next rung.
// The gateway also says whether this person may hear a sound now; it counts over all their devices.

const PATIENCE_MS = 2_000;
const told = new Map(); // call → the last thing that was said of it: received or shown

export async function receipt(call, state, chime) {
  const reply = await fetch(`/api/v1/calls/${encodeURIComponent(call)}/receipt`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ rung: "page", state, chime }),
    signal: AbortSignal.timeout?.(PATIENCE_MS),
  });
  return reply.ok && (await reply.json()).chime;
}

// `raised`: the calls that wait, by id. Each is told once, and once more when the screen comes on.
export function tellShown(raised) {
  const state = document.visibilityState === "visible" ? "shown" : "received";
  for (const call of told.keys()) if (!raised.includes(call)) told.delete(call);
  for (const call of raised) {
    if (told.get(call) === state || told.get(call) === "shown") continue;
    told.set(call, state);
    receipt(call, state, false).catch(() => told.delete(call)); // the next pull tells it again
  }
}

// Whether one of these calls may sound here. Without an answer it may: too loud is better than late.
export async function maySound(calls) {
  const state = document.visibilityState === "visible" ? "shown" : "received";
  const answers = await Promise.allSettled(calls.map((call) => receipt(call, state, true)));
  return answers.some((answer) => answer.status === "rejected" || answer.value);
}
