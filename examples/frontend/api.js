// The credentials API: one function for each request, and one kind of error for all that goes wrong.

export class ApiError extends Error {
  // `status` is 0 where no answer came; `fields` maps a field to its messages after a 400.
  constructor(message, { status = 0, fields = {}, detail = "" } = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.detail = detail;
  }
}

export function connect({ base, org, user, key }) {
  const root = base.replace(/\/+$/, "");
  const collection = `${root}/api/credentials/orgs/${encodeURIComponent(org)}/users/${encodeURIComponent(user)}/`;

  async function send(method, path, { query, body, signal } = {}) {
    const url = new URL(collection + path);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== "") url.searchParams.set(name, value);
    }
    const headers = { Accept: "application/json" };
    if (key) headers.Authorization = `Api-Key ${key}`;
    // A form gets its content type, with the boundary, from the browser.
    const isForm = body instanceof FormData;
    if (body && !isForm) headers["Content-Type"] = "application/json";
    const response = await fetch(url, { method, headers, signal, body: isForm ? body : JSON.stringify(body) }).catch(
      meaning(`No answer from ${root}. Does it run, and does it allow this page's origin?`),
    );
    if (!response.ok) throw await refusal(response);
    return response.status === 204 ? null : response.json().catch(meaning("The server's answer cannot be read."));
  }

  return {
    list: async (query, signal) => (await send("GET", "", { query, signal })).result,
    issuers: async () => (await send("GET", "issuers/", { query: { page_size: 1000 } })).result.data,
    create: async (fields) => (await send("POST", "", { body: fields })).result,
    update: async (id, fields) => (await send("PUT", id, { body: fields })).result,
    remove: (id) => send("DELETE", id),
    upload: (file) => {
      const form = new FormData();
      form.set("image", file);
      form.set("name", file.name);
      return send("POST", "images/", { body: form });
    },
  };
}

// What a failure of the browser's own means; a request that was called off is none.
function meaning(message) {
  return (error) => {
    throw error.name === "AbortError" ? error : new ApiError(message);
  };
}

const MEANINGS = {
  400: "The server refused the values.",
  401: "The key was not accepted.",
  403: "This key may not do that.",
  404: "Not found.",
  409: "The credential is in use.",
  429: "Too many requests.",
};

async function refusal(response) {
  const { status } = response;
  const body = await response.json().catch(() => null);
  const detail = typeof body?.detail === "string" ? body.detail : "";
  const fields = status === 400 && body && !detail ? flatten(body) : {};
  let message = MEANINGS[status] ?? (status >= 500 ? `The server failed (${status}).` : `The server answered ${status}.`);
  const wait = response.headers.get("Retry-After");
  if (wait) message += ` Try again in ${wait} s.`;
  return new ApiError(message, { status, fields, detail });
}

// {"expires": {"amount": ["…"]}, "tags": {"0": ["…"]}} to {"expires.amount": ["…"], "tags.0": ["…"]}
function flatten(errors, prefix = "") {
  const flat = {};
  for (const [name, value] of Object.entries(errors)) {
    if (Array.isArray(value)) flat[prefix + name] = value.map(String);
    else if (value && typeof value === "object") Object.assign(flat, flatten(value, `${prefix}${name}.`));
    else flat[prefix + name] = [String(value)];
  }
  return flat;
}
