// What an associate can tell the shopper: a phrase, with a tap for each of its blanks.

const sheet = document.getElementById("reply");
const part = (id) => document.getElementById(`reply-${id}`);
let tell = () => {};
let missing = "";

// `button` says the shop's sizes, and whether a time was promised already; `then(body)` sends it.
export function askReply(button, room, then) {
  tell = then;
  missing = "";
  part("room").textContent = room;
  part("wait").hidden = button.dataset.promised === "true";
  for (const row of ["missing", "offer"]) {
    const sizes = button.dataset.sizes.split(" ").filter(Boolean).map((size) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = "btn";
      chip.dataset[row] = size;
      chip.textContent = size;
      return chip;
    });
    part(row).querySelector(".size-list").replaceChildren(...sizes);
  }
  part("missing").hidden = !button.dataset.sizes;
  part("offer").hidden = true;
  sheet.showModal();
}

// A size that is not there opens the row of those that might do.
function choose(chip) {
  missing = chip.dataset.missing;
  for (const other of part("missing").querySelectorAll("button")) {
    other.setAttribute("aria-pressed", String(other === chip));
  }
  for (const other of part("offer").querySelectorAll("button")) {
    other.hidden = other.dataset.offer === missing;
  }
  part("offer").hidden = false;
  part("offer").scrollIntoView({ block: "nearest" });
}

function body({ dataset }) {
  if (dataset.replyMinutes) return { phrase: "wait", minutes: Number(dataset.replyMinutes) };
  if ("replyModel" in dataset) return { phrase: "model" };
  return dataset.offer ? { phrase: "size", missing, offer: dataset.offer } : null;
}

sheet.addEventListener("click", (event) => {
  const button = event.target.closest("button[type=button]");
  if (!button) return;
  if (button.dataset.missing) {
    choose(button);
    return;
  }
  const said = body(button);
  if (said) tell(said);
  sheet.close();
});
