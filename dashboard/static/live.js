// The dashboard and the page of one call.

import { keepFresh } from "./poke.js";
import { say } from "./words.js";

// Others on the page that follow what happens hear of each pull.
keepFresh((box) => box.dispatchEvent(new Event("pulled")));

// Which one is it? Its lights blink for five seconds; what stands in the way is said in the banner.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-identify]");
  if (!button || button.getAttribute("aria-busy")) return;
  const banner = document.getElementById("banner");
  button.setAttribute("aria-busy", "true");
  try {
    const reply = await fetch(`/api/v1/devices/${encodeURIComponent(button.dataset.identify)}/command`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ verb: "identify" }),
    });
    banner.textContent = reply.ok ? "" : (await reply.json()).detail;
  } catch {
    banner.textContent = say("no-answer");
  } finally {
    button.removeAttribute("aria-busy");
  }
});
