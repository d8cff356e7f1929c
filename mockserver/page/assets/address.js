// The address of the page says what it shows, so that every view can be shared and reloaded.

import { computed, html, signal } from "./html.js";

export const VIEWS = [
  { name: "requests", title: "Requests", icon: "list" },
  { name: "credentials", title: "Credentials", icon: "award" },
  { name: "learners", title: "Learners", icon: "users" },
  { name: "faults", title: "Faults & time", short: "Faults", icon: "zap" },
  { name: "connect", title: "Connect", icon: "plug-zap" },
];

export const params = signal(read());
export const view = computed(() => {
  const { view: name } = params.value;
  return VIEWS.some((each) => each.name === name) ? name : "requests";
});

function read() {
  return Object.fromEntries(new URLSearchParams(location.search));
}

addEventListener("popstate", () => (params.value = read()));

// Return the address of other parameters; those without a value are left out.
export function addressOf(next) {
  const present = Object.entries(next).filter(([, value]) => value !== "" && value != null);
  return `?${new URLSearchParams(present.map(([name, value]) => [name, String(value)]))}`;
}

export function go(next, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", addressOf(next));
  params.value = read();
}

// Change some parameters of this view.
export function adjust(changes, options) {
  go({ ...params.value, view: view.value, ...changes }, options);
}

// A link within the page; another tab and the middle button work as with any link.
export function Link({ to, children, ...rest }) {
  const click = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(to);
  };
  return html`<a href=${addressOf(to)} onClick=${click} ...${rest}>${children}</a>`;
}

// The page of another sandbox, wherever the mock's own prefix is.
export function addressOfSandbox(name) {
  const before = location.pathname.replace(/\/__mock__\/$/, "").replace(/\/__sandbox__\/[^/]+/, "");
  const sandbox = name === "default" ? "" : `/__sandbox__/${encodeURIComponent(name)}`;
  return `${sandbox}${before}/__mock__/${addressOf({ view: view.value })}`;
}
