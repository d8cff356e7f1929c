// The contract, or the control plane, as RapiDoc shows it; a try goes to this mock, with a key.

const place = document.querySelector("#docs");

// What people do, by the tags of the contract.
const JOBS = {
  credentials: "Define credentials",
  issuers: "Keep issuers",
  assertions: "Issue, revoke and look up",
  images: "Upload images",
  assignments: "Assign to users and groups",
  "course-credentials": "Look up by course",
  analytics: "Count over time",
  exim: "Export and import a course",
  providers: "Connect badge services",
  world: "Change the records",
  scenarios: "Enter a scenario",
  time: "Set the clock",
  faults: "Let requests fail",
  requests: "See and verify requests",
  sandboxes: "Keep clients apart",
  server: "Read what is public",
};
const INTRODUCTION =
  "What this mock serves. A request that is tried here goes to this sandbox, with the key of a " +
  "platform admin filled in.";

function withoutExtensions(value) {
  if (Array.isArray(value)) return value.map(withoutExtensions);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !/^x-[a-z]/.test(name))
      .map(([name, inner]) => [name, withoutExtensions(inner)]),
  );
}

function byJobs(source) {
  const shown = withoutExtensions(source);
  const name = (tag) => JOBS[tag] ?? tag;
  shown.tags = shown.tags.map((tag) => ({ ...tag, name: name(tag.name) }));
  for (const item of Object.values(shown.paths)) {
    for (const operation of Object.values(item)) {
      if (operation.tags) operation.tags = operation.tags.map(name);
    }
  }
  if (place.dataset.key) shown.info.description = INTRODUCTION;
  return shown;
}

const dark = matchMedia("(prefers-color-scheme: dark)");
function colour() {
  const colours = dark.matches
    ? { theme: "dark", "bg-color": "#1b2230", "text-color": "#e6e9ef", "primary-color": "#9ec5ff",
        "nav-bg-color": "#141a26", "nav-text-color": "#e6e9ef" }
    : { theme: "light", "bg-color": "#ffffff", "text-color": "#1d2939", "primary-color": "#1d4ed8",
        "nav-bg-color": "#f2f4f7", "nav-text-color": "#1d2939" };
  for (const [name, value] of Object.entries(colours)) place.setAttribute(name, value);
}

// RapiDoc names the fields of its forms beside them only, and not for a screen reader.
function nameFields(root) {
  for (const field of root.querySelectorAll("input, select, textarea")) {
    if (field.labels?.length || field.hasAttribute("aria-label")) continue;
    const row = field.closest("tr, .row, div");
    const near = row?.querySelector(".param-name, label, .upper")?.textContent.trim();
    const name = field.dataset.pname || field.placeholder || near || field.id || "value";
    field.setAttribute("aria-label", name.replace(/\s+/g, " "));
  }
  root.querySelector("nav")?.setAttribute("aria-label", "Operations");
  for (const link of root.querySelectorAll("[data-action=navigate]:not([role])")) {
    link.setAttribute("role", "link");
  }
  for (const box of root.querySelectorAll("pre, .table, .tree")) {
    if (!box.hasAttribute("tabindex")) box.setAttribute("tabindex", "0");
  }
}

function watch(root) {
  nameFields(root);
  new MutationObserver(() => {
    nameFields(root);
    root.querySelectorAll("*").forEach(watchInside);
  }).observe(root, { childList: true, subtree: true });
  root.querySelectorAll("*").forEach(watchInside);
}

const watched = new WeakSet();
function watchInside(element) {
  if (!element.shadowRoot || watched.has(element)) return;
  watched.add(element);
  watch(element.shadowRoot);
}

// A narrow screen has no room for the list of operations: all of them are on one page.
if (matchMedia("(max-width: 767px)").matches) place.setAttribute("render-style", "read");
colour();
dark.addEventListener("change", colour);
await customElements.whenDefined("rapi-doc");
place.addEventListener("spec-loaded", () => {
  if (place.dataset.key) place.setApiKey("PlatformApiKeyAuthentication", place.dataset.key);
  watchInside(place);
  place.dataset.ready = "";
});
place.loadSpec(byJobs(await (await fetch(place.dataset.document)).json()));
