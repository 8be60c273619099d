// Make the children of one element look like those of another, touching as little as possible:
// what stays keeps its focus, its open disclosure, its running animation and a finger on it.
// Children with `data-key` are matched by key, others by order and name.

// The script owns these; the server never sends them.
const ours = new Set(["style", "open", "aria-busy", "aria-disabled", "data-recalled"]);

const keyOf = (node) => (node.nodeType === 1 ? node.getAttribute("data-key") : null);
const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

function attributes(have, want) {
  for (const { name } of [...have.attributes]) {
    if (!ours.has(name) && !want.hasAttribute(name)) have.removeAttribute(name);
  }
  for (const { name, value } of want.attributes) {
    if (!ours.has(name) && have.getAttribute(name) !== value) have.setAttribute(name, value);
  }
}

function node(have, want) {
  if (have.nodeType !== 1) {
    if (have.nodeValue !== want.nodeValue) have.nodeValue = want.nodeValue;
    return;
  }
  // A time that has not changed shows our own ticking text, not the server's older one.
  const sameTime =
    have.nodeName === "TIME" &&
    have.dataset.since === want.dataset.since &&
    have.dataset.at === want.dataset.at;
  attributes(have, want);
  if (!sameTime) children(have, want);
}

function place(parent, child, before) {
  // moveBefore keeps focus and animations where the browser has it.
  if (child.parentNode === parent && parent.moveBefore) parent.moveBefore(child, before);
  else parent.insertBefore(child, before);
}

function children(have, want) {
  const wanted = new Set([...want.children].map(keyOf).filter(Boolean));
  const keyed = new Map();
  for (const child of [...have.childNodes]) {
    const key = keyOf(child);
    if (key && !wanted.has(key)) child.remove();
    else if (key) keyed.set(key, child);
  }
  let cursor = have.firstChild;
  for (const next of [...want.childNodes]) {
    const key = keyOf(next);
    let match = null;
    if (key) {
      match = keyed.get(key) ?? null;
      if (match && !alike(match, next)) match = null;
    } else {
      for (let c = cursor; c && !match; c = c.nextSibling) if (alike(c, next)) match = c;
    }
    if (!match) {
      have.insertBefore(next, cursor);
      continue;
    }
    if (match === cursor) cursor = cursor.nextSibling;
    else place(have, match, cursor);
    node(match, next);
  }
  while (cursor) {
    const gone = cursor;
    cursor = cursor.nextSibling;
    gone.remove();
  }
}

// `have` and `want` are elements; only their children are compared.
export function morph(have, want) {
  const focused = document.activeElement;
  const path = focused && have.contains(focused) ? focused.closest("[data-key]")?.dataset.key : null;
  children(have, want);
  if (!path || document.activeElement === focused) return;
  if (focused.isConnected) {
    focused.focus({ preventScroll: true });
    return;
  }
  const near = [...have.querySelectorAll("[data-key]")].find((el) => el.dataset.key === path);
  const heir = near?.matches("a,button,summary,input") ? near : near?.querySelector("a,button,summary");
  heir?.focus({ preventScroll: true });
}
