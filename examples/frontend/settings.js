// Where the API is and who asks: from the page's query string, else from this tab, else the mock's.

const DEFAULTS = { base: "http://127.0.0.1:8765", org: "main", user: "1", key: "main-admin-key" };
const STORED = "credentials-settings";

export function readSettings() {
  const stored = JSON.parse(sessionStorage.getItem(STORED) ?? "{}");
  const query = new URLSearchParams(location.search);
  const asked = Object.keys(DEFAULTS).filter((name) => query.has(name));
  const settings = { ...DEFAULTS, ...stored };
  for (const name of asked) settings[name] = query.get(name);
  if (asked.length) {
    // A key must not stay in the address, where it is copied and logged.
    writeSettings(settings);
    for (const name of asked) query.delete(name);
    const rest = query.toString();
    history.replaceState(null, "", location.pathname + (rest ? `?${rest}` : ""));
  }
  return settings;
}

export function writeSettings(settings) {
  sessionStorage.setItem(STORED, JSON.stringify(settings));
}
