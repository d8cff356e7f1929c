// The small parts that views are made of.

import { html, useEffect, useLayoutEffect, useRef } from "./html.js";
import { copy, notice } from "./actions.js";

export function Icon({ name }) {
  return html`<svg class="icon" aria-hidden="true" focusable="false">
    <use href=${`assets/vendor/icons.svg#${name}`} />
  </svg>`;
}

export function Button({ icon, kind = "", children, type = "button", ...rest }) {
  return html`<button type=${type} class=${`button ${kind}`} ...${rest}>
    ${icon && html`<${Icon} name=${icon} />`}${children && html`<span>${children}</span>`}
  </button>`;
}

// A button with an icon alone; its name is for those who do not see it, and a tooltip.
export function IconButton({ icon, label, kind = "", ...rest }) {
  return html`<button type="button" class=${`button bare ${kind}`} aria-label=${label} title=${label} ...${rest}>
    <${Icon} name=${icon} />
  </button>`;
}

export function CopyButton({ text, label = "Copy", of = "", kind = "", ...rest }) {
  return html`<${Button} icon="copy" kind=${kind} onClick=${() => copy(text, of)} ...${rest}>
    ${label}${of && html`<span class="unseen"> ${of}</span>`}
  </${Button}>`;
}

export const Chip = ({ kind = "", children, ...rest }) =>
  html`<span class=${`chip ${kind}`} ...${rest}>${children}</span>`;

// A badge at any size; one without a picture has its first letter.
export function Badge({ image, name, size = "" }) {
  if (image) return html`<img class=${`badge ${size}`} src=${image} alt="" loading="lazy" />`;
  return html`<span class=${`badge initial ${size}`} aria-hidden="true">${name.slice(0, 1)}</span>`;
}

export function Empty({ icon, title, children }) {
  return html`<div class="empty">
    <span class="empty-icon"><${Icon} name=${icon} /></span>
    <h2>${title}</h2>
    ${children}
  </div>`;
}

export function Problem({ children }) {
  return children ? html`<p class="problem" role="alert"><${Icon} name="circle-alert" /> <span>${children}</span></p>` : null;
}

let fieldNumber = 0;

// A label with its control and what is wrong with it; `render` gets the attributes that join them.
export function Field({ label, note, error, render, wide = false }) {
  const id = useRef(0);
  id.current ||= `field-${(fieldNumber += 1)}`;
  const about = [note && `${id.current}-note`, error && `${id.current}-error`].filter(Boolean).join(" ");
  const given = { id: id.current, "aria-describedby": about || undefined };
  if (error) given["aria-invalid"] = "true";
  return html`<div class=${`field ${wide ? "wide" : ""}`}>
    <label for=${id.current}>${label}</label>
    ${render(given)}
    ${note && html`<p class="note" id=${`${id.current}-note`}>${note}</p>`}
    ${error && html`<p class="field-error" id=${`${id.current}-error`}>${error}</p>`}
  </div>`;
}

// A modal dialog; it is there while it is rendered, and its focus goes back where it came from.
export function Dialog({ title, onClose, children, kind = "" }) {
  const dialog = useRef(null);
  const id = useRef(`dialog-${(fieldNumber += 1)}`);
  const before = useRef(notice.peek()?.id ?? 0);
  useLayoutEffect(() => {
    const opener = document.activeElement;
    dialog.current.showModal();
    return () => opener?.isConnected && opener.focus();
  }, []);
  const outside = (event) => event.target === dialog.current && onClose();
  return html`<dialog ref=${dialog} class=${kind} aria-labelledby=${id.current} onClose=${onClose}
      onMouseDown=${outside}>
    <div class="dialog-body">
      <div class="dialog-head"><h2 id=${id.current}>${title}</h2>
        <${IconButton} icon="x" label="Close" onClick=${onClose} /></div>
      ${children}
      <${Since} number=${before.current} />
    </div>
  </dialog>`;
}

// What was said since the dialog was opened: what is outside of it nobody can read meanwhile.
function Since({ number }) {
  const now = notice.value?.id > number ? notice.value : null;
  return html`<div role="status">${now && !now.isProblem && html`<p class="muted"><${Icon} name="check" /> ${now.text}</p>`}</div>
    <div role="alert">${now?.isProblem && html`<p class="problem"><${Icon} name="circle-alert" /> <span>${now.text}</span></p>`}</div>`;
}

// Move the focus into what has just been opened.
export function useFocus(key) {
  const element = useRef(null);
  useEffect(() => key && element.current?.focus({ preventScroll: true }), [key]);
  return element;
}

export const clockTime = (iso) => iso.slice(11, 19);
export const dayOf = (iso) => (iso ? iso.slice(0, 10) : "");
export const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;

export function describeTerm({ amount, duration }) {
  if (!amount || !duration) return "does not expire";
  return `valid ${amount} ${amount === 1 ? duration.replace(/s$/, "") : duration}`;
}

export const describeType = (type) => type.replaceAll("_", " ").toLowerCase();
