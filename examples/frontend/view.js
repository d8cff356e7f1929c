// What both lists and forms draw with: elements, problems, cards.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// Say what went wrong in a slot with role="alert"; `retry` adds a button that tries again.
export function showProblem(slot, error, retry) {
  const again = retry && element("button", { type: "button", onclick: retry }, "Try again");
  slot.replaceChildren(
    element(
      "div",
      { class: "problem" },
      element("p", {}, element("strong", {}, error.message), error.detail ? ` ${error.detail}` : null),
      again || null,
    ),
  );
}

export function clearProblem(slot) {
  slot.replaceChildren();
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

const words = (text) => text.charAt(0) + text.slice(1).toLowerCase().replaceAll("_", " ");

// A credential may be shown under another name than its own.
export function shownName(credential) {
  return credential.name_override || credential.name;
}

export function card(credential, { onedit, ondelete }) {
  const shown = shownName(credential);
  const { createdAt } = credential;
  const { amount, duration } = credential.expires ?? {};
  const image = credential.iconImage ?? credential.thumbnailImage;
  const initials = element("span", { class: "badge initials", "aria-hidden": "true" }, shown.slice(0, 1));
  const badge = image ? element("img", { class: "badge", src: image, alt: "", loading: "lazy" }) : initials;
  if (image) badge.addEventListener("error", () => badge.replaceWith(initials), { once: true });
  return element(
    "li",
    { class: "card", "data-id": credential.entityId },
    badge,
    element(
      "div",
      { class: "words" },
      element("h3", {}, shown),
      element(
        "p",
        { class: "muted" },
        `${credential.issuerDetails.name} · `,
        element("time", { datetime: createdAt }, DAY.format(new Date(createdAt))),
      ),
      credential.description ? element("p", { class: "description" }, credential.description) : null,
      element(
        "p",
        { class: "chips" },
        element("span", { class: "chip kind" }, words(credential.credentialType)),
        element("span", { class: "chip" }, amount ? `valid ${amount} ${duration}` : "does not expire"),
        ...(credential.tags ?? []).map((tag) => element("span", { class: "chip" }, `#${tag}`)),
      ),
    ),
    element(
      "div",
      { class: "actions" },
      element("button", { type: "button", "aria-label": `Edit ${shown}`, onclick: onedit }, "Edit"),
      element("button", { type: "button", "aria-label": `Delete ${shown}`, onclick: ondelete }, "Delete"),
    ),
  );
}
