// One exchange: hints with the fix first, then what came back, then what was sent.

import { html, useEffect, useState } from "./html.js";
import { read } from "./calls.js";
import { exchanges, overview } from "./live.js";
import { Body } from "./json.js";
import { Chip, CopyButton, Icon, IconButton, Problem, useFocus } from "./parts.js";

export function Exchange({ number, onClose }) {
  const [exchange, setExchange] = useState(null);
  const [problem, setProblem] = useState("");
  const heading = useFocus(exchange && matchMedia("(max-width: 900px)").matches ? number : null);
  useEffect(() => {
    let isCurrent = true;
    read(`requests/${number}`).then(
      (found) => isCurrent && setExchange(found),
      (error) => isCurrent && setProblem(error.message),
    );
    return () => (isCurrent = false);
  }, [number]);
  const shown = exchange ?? exchanges.value.find((each) => each.number === number);
  const escape = (event) => event.key === "Escape" && onClose();
  return html`<section class="detail-pane" aria-label=${`Request ${number}`} onKeyDown=${escape}>
    <header class="pane-head">
      <${IconButton} icon="chevron-left" label="Back to the list" kind="back" onClick=${onClose} />
      <h2 tabindex="-1" ref=${heading}>${shown ? html`<span class=${`method ${shown.method}`}>${shown.method}</span>
        <span class=${`code-of s${Math.floor(shown.status / 100)}`}>${shown.status}</span>` : `Request ${number}`}</h2>
      <span class="spring"></span>
      ${exchange?.curl && html`<${CopyButton} text=${exchange.curl} label="Copy as curl" />`}
      <${IconButton} icon="x" label="Close the request" kind="close" onClick=${onClose} />
    </header>
    <div class="pane-scroll" tabindex="-1">
      <${Problem}>${problem}</${Problem}>
      ${exchange && html`<${Content} exchange=${exchange} />`}
    </div>
  </section>`;
}

function Content({ exchange }) {
  const { path, operation, time, milliseconds, hints, request, response, curl, faults } = exchange;
  const known = overview.value?.operations.find(({ id }) => id === operation);
  const user = overview.value?.users.find(({ id }) => id === exchange.user);
  return html`
    <p class="target"><code>${path}</code></p>
    <p class="facts">
      <span>${known?.summary ?? "no operation has this path"}</span>
      <span>${time.slice(11, 23)}</span><span>${milliseconds} ms</span>
      <span>${user ? `as ${user.name}` : "without a key of this world"}</span>
      ${faults && html`<${Chip} kind="fault"><${Icon} name="zap" /> changed by fault ${faults}</${Chip}>`}
    </p>
    ${hints.length > 0 && html`<ul class="hints">${hints.map(
      (hint) => html`<li><${Icon} name="lightbulb" /><span><${Prose} text=${hint} /></span></li>`,
    )}</ul>`}
    ${!curl && html`<p class="muted">Only a part of the request was kept, so there is no curl command.</p>`}
    <${Side} title="Response" side=${response} isOpen />
    <${Side} title="Request" side=${request} />`;
}

// Text in which `code` is between backticks.
export function Prose({ text }) {
  return text.split("`").map((part, index) => (index % 2 ? html`<code>${part}</code>` : part));
}

function Side({ title, side }) {
  const { headers, body, encoding, size, kept } = side;
  const names = Object.entries(headers);
  return html`<section class="side">
    <div class="side-head"><h3>${title}</h3>
      ${body && html`<${CopyButton} kind="bare" text=${body} label="Copy body" of=${`of the ${title.toLowerCase()}`} />`}</div>
    <details class="headers">
      <summary><${Icon} name="chevron-right" />Headers <span class="muted">${names.length}</span></summary>
      <dl>${names.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    </details>
    <${Body} text=${body} encoding=${encoding} size=${size} kept=${kept} label=${`Body of the ${title.toLowerCase()}`} />
  </section>`;
}
