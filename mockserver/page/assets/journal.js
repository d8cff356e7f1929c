// The journal: rows that the server makes, fetched when it says that there are new ones.

const MOST = 200;
const rows = document.querySelector("#rows");
const live = document.querySelector("#live");
const pause = document.querySelector("#pause");
const filter = document.querySelector("#filter");
const onlyOdd = document.querySelector("#only-odd");
const nothing = document.querySelector("#nothing");
let waiting = false;

export function follow() {
  const events = new EventSource("requests/stream");
  events.addEventListener("exchange", news);
  events.addEventListener("open", () => say("live"));
  events.addEventListener("error", () => say("not connected"));
  pause.addEventListener("click", () => {
    const paused = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(paused));
    say(paused ? "paused" : "live");
    if (!paused) take();
  });
  filter.addEventListener("input", sift);
  onlyOdd.addEventListener("change", sift);
  rows.addEventListener("keydown", move);
  addEventListener("pagehide", () => events.close());
  sift();
  return take();
}

function say(state) {
  if (state === "live" && pause.getAttribute("aria-pressed") === "true") return;
  live.textContent = state;
  live.dataset.state = state;
}

// Several at once are fetched together.
function news() {
  if (waiting || pause.getAttribute("aria-pressed") === "true") return;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    take();
  }, 50);
}

async function take() {
  const response = await fetch(`journal?after=${rows.dataset.last}`);
  if (!response.ok) return;
  const made = document.createElement("template");
  made.innerHTML = await response.text();
  const known = Number(rows.dataset.last);
  const fresh = [...made.content.children].filter((row) => Number(row.dataset.number) > known);
  if (fresh.length) rows.dataset.last = fresh[0].dataset.number;
  rows.prepend(...fresh);
  for (const row of [...rows.children].slice(MOST)) row.remove();
  sift();
}

export function forget() {
  rows.replaceChildren();
  sift();
}

function sift() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows.children) {
    const text = row.querySelector("summary").textContent.toLowerCase();
    const odd = row.querySelector(".hint, .s4, .s5") !== null;
    row.hidden = !words.every((word) => text.includes(word)) || (onlyOdd.checked && !odd);
    shown += !row.hidden;
  }
  nothing.hidden = shown > 0;
}

function move(event) {
  const summary = event.target.closest("summary");
  if (!summary || event.ctrlKey || event.metaKey || event.altKey) return;
  const list = [...rows.querySelectorAll(".exchange:not([hidden]) > details > summary")];
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    list[list.indexOf(summary) + step]?.focus();
    event.preventDefault();
  } else if (event.key === "c") {
    summary.parentElement.querySelector("[data-copy]")?.click();
  }
}
