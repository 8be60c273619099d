// What this phone must not forget, in IndexedDB: it survives a reload, also on plain http, and its
// transactions hold between tabs. Where a browser forbids it, memory does, for as long as the page.

const NAME = "overdoor";
const OPEN_MS = 2_000; // some browsers never answer after a crash
const CHIMED_MS = 24 * 3_600_000;

let opening = null;
const memory = { answers: new Map(), chimed: new Map() };

function open() {
  opening ??= new Promise((resolve) => {
    setTimeout(() => resolve(null), OPEN_MS);
    try {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("answers", { keyPath: "key" });
        asked.result.createObjectStore("chimed", { keyPath: "id" });
      };
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return opening;
}

// One transaction on one store; `undefined` if it could not be had.
async function within(name, mode, work) {
  const db = await open();
  if (!db) return undefined;
  return new Promise((resolve) => {
    try {
      const transaction = db.transaction(name, mode);
      const asked = work(transaction.objectStore(name));
      transaction.oncomplete = () => resolve({ value: asked.result });
      transaction.onabort = () => resolve({ error: transaction.error });
    } catch {
      resolve(undefined);
    }
  });
}

export async function answers() {
  const found = await within("answers", "readonly", (store) => store.getAll());
  const all = new Map((found?.value ?? []).map((one) => [one.key, one]));
  for (const [key, one] of memory.answers) all.set(key, one);
  return [...all.values()].sort((a, b) => a.at - b.at || a.n - b.n);
}

export async function keepAnswer(one) {
  const done = await within("answers", "readwrite", (store) => store.put(one));
  if (!done || done.error) memory.answers.set(one.key, one);
}

export async function dropAnswer(key) {
  memory.answers.delete(key);
  await within("answers", "readwrite", (store) => store.delete(key));
}

// True for the first tab that asks: `add` refuses what another has added.
export async function claimChime(id) {
  const now = Date.now();
  const done = await within("chimed", "readwrite", (store) => store.add({ id, at: now }));
  if (done) return !done.error;
  const first = !memory.chimed.has(id);
  memory.chimed.set(id, now);
  return first;
}

export async function forgetOldChimes() {
  const old = Date.now() - CHIMED_MS;
  await within("chimed", "readwrite", (store) => {
    const walk = store.openCursor();
    walk.onsuccess = () => {
      const cursor = walk.result;
      if (!cursor) return;
      if (cursor.value.at < old) cursor.delete();
      cursor.continue();
    };
    return walk;
  });
}
