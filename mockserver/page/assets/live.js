// What the sandbox is, kept true by one event stream: after a lost connection the stream goes on
// behind the last exchange that is here, so nothing is missing and nothing double.

import { batch, computed, signal } from "./html.js";
import { read, useApiRoot } from "./calls.js";

const MOST_ROWS = 500;
const IDLE = 30_000;
const RETRY = 1_000;

export const connection = signal("connecting");
export const state = signal(null);
export const overview = signal(null);
export const exchanges = signal([]); // the newest first
export const keepsAll = signal(false); // while somebody reads or pauses, no row is dropped
export const records = computed(() => state.value?.version ?? 0);

let source = null;
let last = "";
let timer = 0;

export function follow() {
  open();
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    // A browser has few connections for one address: a page that nobody sees gives its own back.
    if (document.hidden) timer = setTimeout(close, IDLE);
    else if (!source) open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", () => source ?? open());
}

function open() {
  clearTimeout(timer);
  source = new EventSource(`events?after=${last}`);
  source.addEventListener("open", () => (connection.value = "live"));
  source.addEventListener("error", () => {
    connection.value = "lost";
    if (source?.readyState === EventSource.CLOSED) {
      source = null;
      timer = setTimeout(open, RETRY);
    }
  });
  source.addEventListener("state", ({ data }) => takeState(JSON.parse(data)));
  source.addEventListener("exchanges", ({ data, lastEventId }) => {
    last = lastEventId;
    takeExchanges(JSON.parse(data));
  });
}

function close() {
  source?.close();
  source = null;
}

function takeState(next) {
  batch(() => {
    const before = state.value;
    state.value = { ...next, received: Date.now() };
    const isAnother = before && before.journal.epoch !== next.journal.epoch;
    const kept = exchanges.value.filter((each) => each.number > next.journal.cleared);
    if (isAnother) exchanges.value = [];
    else if (kept.length < exchanges.value.length) exchanges.value = kept;
    if (before?.version !== next.version || isAnother) refreshSoon();
  });
}

function takeExchanges(news) {
  const known = exchanges.value[0]?.number ?? 0;
  const fresh = news.filter((each) => each.number > known).reverse();
  if (!fresh.length) return;
  const all = [...fresh, ...exchanges.value];
  exchanges.value = keepsAll.value ? all : all.slice(0, MOST_ROWS);
}

// The overview follows the records, at most twice a second however busy the mock is.
let refreshing = null;

function refreshSoon() {
  refreshing ??= setTimeout(async () => {
    refreshing = null;
    try {
      const found = await read("overview");
      useApiRoot(found.root);
      overview.value = found;
    } catch {
      setTimeout(refreshSoon, RETRY);
    }
  }, overview.value ? 400 : 0);
}
