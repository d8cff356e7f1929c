// A body as people read it: JSON in colours that can be folded, anything else as text.

import { html, useMemo, useState } from "./html.js";
import { Icon } from "./parts.js";

const OPEN_DEPTH = 3;
const MOST_OPEN = 60;

export function Body({ text, label, encoding, size, kept }) {
  const parsed = useMemo(() => parse(text, encoding), [text, encoding]);
  if (!text) return html`<p class="muted">no body</p>`;
  return html`<div class="code" tabindex="0" role="region" aria-label=${label}>
    ${parsed ? html`<${Node} value=${parsed.value} depth=${0} />` : text}
  </div>
  ${size && html`<p class="muted">The first ${kept.toLocaleString("en")} of ${size.toLocaleString("en")} bytes are kept.</p>`}
  ${encoding && html`<p class="muted">Not a text: shown as Base64.</p>`}`;
}

function parse(text, encoding) {
  if (!text || encoding) return null;
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

function Node({ value, depth, name, comma }) {
  const isArray = Array.isArray(value);
  const entries = value && typeof value === "object" ? Object.entries(value) : null;
  const [open, setOpen] = useState(depth < OPEN_DEPTH && (entries?.length ?? 0) <= MOST_OPEN);
  const key = name !== undefined && html`<span class="key">${JSON.stringify(name)}</span>${": "}`;
  const end = comma ? "," : "";
  const [left, right] = isArray ? ["[", "]"] : ["{", "}"];
  if (!entries) return html`<div class="line">${key}<${Scalar} value=${value} />${end}</div>`;
  if (!entries.length) return html`<div class="line">${key}${left}${right}${end}</div>`;
  const count = isArray ? `${entries.length} items` : `${entries.length} fields`;
  return html`<div class="line">
    <button type="button" class="fold" aria-expanded=${open} onClick=${() => setOpen(!open)}
      aria-label=${`${name ?? "the whole"}: ${count}`}><${Icon} name=${open ? "chevron-down" : "chevron-right"} /></button>
    ${key}${left}${!open && html`<span class="folded">${count}</span>${right}${end}`}
    ${open && html`<div class="nested">${entries.map(
      ([inner, each], index) => html`<${Node} key=${inner} value=${each} depth=${depth + 1}
        name=${isArray ? undefined : inner} comma=${index < entries.length - 1} />`,
    )}</div>${right}${end}`}
  </div>`;
}

function Scalar({ value }) {
  const kind = value === null ? "null" : typeof value;
  return html`<span class=${kind}>${JSON.stringify(value)}</span>`;
}
