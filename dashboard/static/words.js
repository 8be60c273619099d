// What scripts say. The words stand in the page (`words` in _bits.html), where they are translated.

const table = JSON.parse(document.getElementById("words")?.textContent ?? "{}");
const kinds = new Intl.PluralRules(document.documentElement.lang || "en");

// "{room} still waits" with its names filled in.
export function say(key, names = {}) {
  return (table[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => String(names[name] ?? all));
}

// The form that the language has for this number: `key.one`, `key.few`, `key.other`.
export function count(key, n) {
  const form = `${key}.${kinds.select(n)}`;
  return say(form in table ? form : `${key}.other`, { n });
}
