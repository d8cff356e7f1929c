// Calls of the control plane, relative to the page, so that they act on the sandbox it shows.

export async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) {
    const answer = await response.json().catch(() => ({}));
    throw new Error(answer.detail ?? `The mock answered ${response.status}.`);
  }
}

// Take the parts of the page with these ids from the server again; the focus stays where it was.
export async function refresh(...ids) {
  const text = await (await fetch(location.href)).text();
  const fresh = new DOMParser().parseFromString(text, "text/html");
  const focused = describe(document.activeElement);
  for (const id of ids) {
    const [old, made] = [document.getElementById(id), fresh.getElementById(id)];
    const open = [...old.querySelectorAll("details")].map((each) => each.open);
    old.replaceChildren(...made.childNodes);
    [...old.querySelectorAll("details")].forEach((each, index) => (each.open = open[index] ?? false));
    for (const name of made.getAttributeNames()) old.setAttribute(name, made.getAttribute(name));
  }
  if (focused && document.activeElement === document.body) document.querySelector(focused)?.focus();
}

function describe(element) {
  if (!element || element === document.body) return null;
  if (element.id) return `#${CSS.escape(element.id)}`;
  if (element.form?.id && element.name) return `#${element.form.id} [name="${element.name}"]`;
  const { call: made, body } = element.dataset;
  if (!made) return element.form?.id ? `#${element.form.id} button` : null;
  // A button that is gone, such as one that removed its fault, leaves the focus with its part.
  const same = `[data-call="${made}"]${body ? `[data-body='${body}']` : ""}`;
  return `${same}, #${element.closest("section").id}`;
}
