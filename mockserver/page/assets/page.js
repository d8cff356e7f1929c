// What the page's buttons and switches do.

import { call, refresh } from "./control.js";
import { follow, forget } from "./journal.js";

const said = document.querySelector("#said");
const preview = document.querySelector("#preview");

function say(text, isProblem = false) {
  said.textContent = text;
  said.classList.toggle("problem", isProblem);
}

// Do something to the sandbox, show what it is now, and say so: one change after the other, in the
// order of the clicks.
let lastChange = Promise.resolve();

function change(words, ...calls) {
  lastChange = lastChange.then(() => changeNow(words, calls));
  return lastChange;
}

async function changeNow(words, calls) {
  try {
    for (const [method, path, body] of calls) await call(method, path, body);
    await refresh("controls", "world");
    say(words);
  } catch (error) {
    say(error.message, true);
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied: ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`);
  } catch {
    say(`The browser does not allow copying. Copy this text: ${text}`, true);
  }
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("button, a");
  if (!button) return;
  const { copy: text, call: made, body, said: words, preview: address } = button.dataset;
  if (text !== undefined) await copy(text);
  if (address) {
    preview.querySelector("iframe").src = address;
    preview.showModal();
  }
  if (made) {
    const [method, path] = made.split(" ");
    await change(words, [method, path, body && JSON.parse(body)]);
    if (path === "requests" || path === "state/reset") forget();
  }
});

document.addEventListener("change", ({ target }) => {
  const { id, value } = target;
  if (id === "sandbox") open(value);
  if (id === "scenario") {
    if (value) change(`The scenario is ${value}.`, ["POST", "scenario", { name: value }]).then(forget);
    else change("Back to the default data.", ["DELETE", "scenario"]).then(forget);
  }
  if (id === "latency" && value !== "keep") {
    const gone = target.dataset.ids.split(" ").filter(Boolean);
    const calls = gone.map((each) => ["DELETE", `faults/${each}`]);
    if (value) calls.push(["POST", "faults", { delay: JSON.parse(value) }]);
    change(value ? "Responses are delayed." : "Responses are not delayed.", ...calls);
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog") return;
  // Nothing is posted as a form: the control plane takes none.
  event.preventDefault();
  const fields = new FormData(form);
  if (form.id === "new-sandbox") open(fields.get("name"));
  if (form.id === "find") location.search = new URLSearchParams(fields);
  if (form.id === "set-clock") {
    const day = fields.get("day");
    change(`The clock is set to ${day}.`, ["POST", "clock", { set: `${day}T12:00:00Z` }]);
  }
  if (form.id === "new-fault") {
    const parts = ["calls", "often", "effect"].map((name) => JSON.parse(fields.get(name)));
    change("Fault added.", ["POST", "faults", Object.assign({}, ...parts)]);
  }
});

preview.addEventListener("close", () => preview.querySelector("iframe").removeAttribute("src"));

// The page of another sandbox, wherever the mock's own prefix is.
function open(name) {
  const before = location.pathname.replace(/\/__mock__\/$/, "").replace(/\/__sandbox__\/[^/]+/, "");
  const sandbox = name === "default" ? "" : `/__sandbox__/${name}`;
  location.assign(`${sandbox}${before}/__mock__/`);
}

follow();
