// Calls of the control plane, relative to the page, so that they act on the sandbox it shows.

export async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) {
    const answer = await response.json().catch(() => ({}));
    throw new Error(answer.detail ?? `The mock responded with ${response.status}.`);
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
  if (document.activeElement === document.body) {
    focused.map((each) => document.querySelector(each)).find(Boolean)?.focus();
  }
}

// Selectors of an element, the best first; one that is gone leaves the focus with its part.
function describe(element) {
  const { id, form, name, dataset } = element;
  const part = element.closest("section");
  const same = dataset.call && `[data-call="${dataset.call}"]`;
  return [
    id && `#${CSS.escape(id)}`,
    form?.id && (name ? `#${form.id} [name="${name}"]` : `#${form.id} button`),
    same && dataset.body && `${same}[data-body='${dataset.body}']`,
    same,
    part && `#${part.id}`,
  ].filter(Boolean);
}
