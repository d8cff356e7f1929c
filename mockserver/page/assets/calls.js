// Calls of the mock: its control plane, and its API as the user who was chosen. The control plane is
// relative to the page, so that it acts on the sandbox that the page shows.

export class Refusal extends Error {
  constructor(status, body) {
    super(explain(status, body));
    this.status = status;
    this.fields = typeof body === "object" && body && !body.detail ? body : {};
  }
}

function explain(status, body) {
  if (typeof body === "string") return body.trim() || `The mock responded with ${status}.`;
  if (body?.detail) return String(body.detail);
  const lines = Object.entries(body ?? {}).map(([name, texts]) => `${name}: ${flatten(texts)}`);
  return lines.join(" · ") || `The mock responded with ${status}.`;
}

export function flatten(texts) {
  if (Array.isArray(texts)) return texts.map(flatten).join(" ");
  if (texts && typeof texts === "object") return explain(0, texts);
  return String(texts);
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refusal(0, "The mock does not respond. Is it still running?");
  }
  const text = await response.text();
  let body = text;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    // a plain page: it stays a text
  }
  if (!response.ok) {
    const isPage = typeof body === "string" && body.trimStart().startsWith("<");
    throw new Refusal(response.status, isPage ? "" : body);
  }
  return body;
}

export function control(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  return send(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

export const read = (path, query = {}) => {
  const present = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const words = new URLSearchParams(present);
  return control("GET", words.size ? `${path}?${words}` : path);
};

let apiRoot = "";

// Say what stands before the API: the page is at the root too, the API below the prefix only.
export function useApiRoot(root) {
  apiRoot = root;
}

// Call the API as a user: `path` is below the user's own, such as `issuers/`.
export async function callApi(user, method, path, body) {
  const isForm = body instanceof FormData;
  const headers = isForm || body === undefined ? {} : { "Content-Type": "application/json" };
  if (user.key) headers.Authorization = `Api-Key ${user.key}`;
  const target = `/api/credentials/orgs/${encodeURIComponent(user.platform)}/users/${user.id}/${path}`;
  return send(`${apiRoot}${target}`, {
    method,
    headers,
    body: isForm || body === undefined ? body : JSON.stringify(body),
  });
}
