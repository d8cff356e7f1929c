// The journal as it is shown: found by the server, and held while somebody reads or pauses.

import { batch, computed, effect, signal } from "./html.js";
import { params, view } from "./address.js";
import { read } from "./calls.js";
import { exchanges, keepsAll, state } from "./live.js";

export const paused = signal(false);
export const scrolled = signal(false);
export const searching = signal(false);
const frontier = signal(null); // the last number that is shown while rows are held

const query = computed(() => JSON.stringify(queryOf(params.value)));
const found = signal(null); // numbers that the server found; null: all
let foundUpTo = 0;
let asked = "";
let running = false;

function queryOf({ q, problems, method }) {
  const words = { search: q?.trim(), problems: problems && "true", method };
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value));
}

export const isFiltered = computed(() => query.value !== "{}");
export const selected = computed(() =>
  view.value === "requests" ? Number(params.value.request) || null : null,
);
export const isHeld = computed(() => paused.value || scrolled.value || selected.value !== null);

const matching = computed(() =>
  found.value ? exchanges.value.filter(({ number }) => found.value.has(number)) : exchanges.value,
);
export const rows = computed(() =>
  frontier.value === null
    ? matching.value
    : matching.value.filter(({ number }) => number <= frontier.value),
);
export const waiting = computed(() => matching.value.length - rows.value.length);

export function showNew() {
  frontier.value = isHeld.value ? (exchanges.value[0]?.number ?? 0) : null;
}

effect(() => {
  const held = isHeld.value;
  const last = exchanges.peek()[0]?.number ?? 0;
  batch(() => {
    keepsAll.value = held;
    // Before the first rows are here there is nothing to hold them behind.
    if (!held) frontier.value = null;
    else if (frontier.peek() === null && last) frontier.value = last;
  });
});

effect(() => {
  if (isHeld.value && frontier.peek() === null && exchanges.value.length) {
    frontier.value = exchanges.value[0].number;
  }
});

// In another journal, as after a restart of the mock, the numbers begin again.
const epoch = computed(() => state.value?.journal.epoch);
effect(() => {
  if (!epoch.value) return;
  asked = "";
  foundUpTo = 0;
  frontier.value = null;
});

// Ask the server for what fits; while rows come in, only for the new ones.

effect(() => {
  const wanted = query.value;
  const last = exchanges.value[0]?.number ?? 0;
  if (wanted === "{}") {
    asked = wanted;
    found.value = null;
  } else if (wanted !== asked || last !== foundUpTo) {
    ask();
  }
});

async function ask() {
  if (running) return;
  running = true;
  const wanted = query.peek();
  const isNew = wanted !== asked;
  searching.value = isNew;
  const after = isNew ? 0 : foundUpTo;
  const upTo = exchanges.peek()[0]?.number ?? 0;
  try {
    const answer = await read("requests", { ...JSON.parse(wanted), after, limit: 500, bodies: "false" });
    if (wanted === query.peek()) {
      const known = isNew ? [] : (found.peek() ?? []);
      found.value = new Set([...known, ...answer.requests.map(({ number }) => number)]);
      asked = wanted;
      foundUpTo = Math.max(upTo, answer.requests[0]?.number ?? 0);
    }
  } catch {
    await new Promise((done) => setTimeout(done, 1000));
  } finally {
    running = false;
    searching.value = false;
  }
  const last = exchanges.peek()[0]?.number ?? 0;
  if (query.peek() !== "{}" && (query.peek() !== asked || last > foundUpTo)) ask();
}
