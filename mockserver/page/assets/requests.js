// The view of requests: a dense table, and beside it the exchange that was chosen.

import { html, useEffect, useRef, useState } from "./html.js";
import { addressOf, adjust, params } from "./address.js";
import { change, complain, copy } from "./actions.js";
import { read } from "./calls.js";
import { exchanges, overview } from "./live.js";
import { isFiltered, paused, rows, scrolled, searching, selected, showNew, waiting } from "./journal.js";
import { Button, Chip, clockTime, CopyButton, Empty, Icon, IconButton } from "./parts.js";
import { Exchange } from "./exchange.js";

const METHODS = ["GET", "POST", "PUT", "DELETE"];

export function Requests() {
  return html`<div class=${`panes ${selected.value ? "has-detail" : ""}`}>
    <section class="list-pane" aria-label="Journal">
      <${Tools} />
      <${Table} />
    </section>
    ${selected.value && html`<${Exchange} key=${selected.value} number=${selected.value} onClose=${close} />`}
  </div>`;
}

function close() {
  const number = selected.value;
  adjust({ request: "" });
  requestAnimationFrame(() => document.querySelector(`[data-number="${number}"] a`)?.focus());
}

function Tools() {
  const { q = "", problems = "", method = "" } = params.value;
  const [text, setText] = useState(q);
  const timer = useRef(0);
  useEffect(() => setText(q), [q]);
  const type = ({ target }) => {
    setText(target.value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => adjust({ q: target.value }, { replace: true }), 200);
  };
  const toggle = () => (paused.value = !paused.value);
  return html`<div class="tools">
    <label class="search"><${Icon} name="search" /><span class="unseen">Search in paths, headers, bodies and hints</span>
      <input type="search" value=${text} onInput=${type} autocomplete="off" placeholder="Search path, body, header, hint" /></label>
    <select aria-label="Method" value=${method} onChange=${({ target }) => adjust({ method: target.value })}>
      <option value="">All methods</option>
      ${METHODS.map((each) => html`<option value=${each} selected=${each === method}>${each}</option>`)}
    </select>
    <button type="button" class="button toggle" aria-pressed=${problems === "1"}
      onClick=${() => adjust({ problems: problems ? "" : "1" })}>
      <${Icon} name="triangle-alert" /><span>Problems</span></button>
    <span class="spring"></span>
    <button type="button" class="button toggle" aria-pressed=${paused.value} onClick=${toggle}>
      <${Icon} name=${paused.value ? "play" : "pause"} /><span>${paused.value ? "Resume" : "Pause"}</span></button>
    <a class="button bare" href="requests.har" download="credmock.har" aria-label="Download as HAR" title="Download as HAR">
      <${Icon} name="download" /></a>
    <${IconButton} icon="eraser" label="Clear the journal"
      onClick=${() => change("The journal is cleared.", "DELETE", "requests")} />
  </div>`;
}

function Table() {
  const list = useRef(null);
  const scroll = ({ target }) => (scrolled.value = target.scrollTop > 60);
  useEffect(() => () => (scrolled.value = false), []);
  const present = () => {
    showNew();
    list.current?.scrollTo({ top: 0 });
  };
  return html`<div class="table-frame">
    ${waiting.value > 0 && html`<button type="button" class="button news" onClick=${present}>
      <${Icon} name="arrow-up" /><span>${waiting.value} new</span></button>`}
    <p class="unseen" role="status">${searching.value ? "Searching…" : isFiltered.value ? `${rows.value.length} found` : ""}</p>
    <div class="table-scroll" ref=${list} onScroll=${scroll} tabindex="-1">
      ${rows.value.length ? html`<${Rows} />` : html`<${Nothing} />`}
    </div>
  </div>`;
}

function Rows() {
  return html`<table class="requests" onKeyDown=${move}>
    <caption class="unseen">Requests, the newest first. Up and down move, Enter opens, c copies as curl.</caption>
    <thead><tr>
      <th scope="col" class="time">Time</th><th scope="col" class="method">Method</th><th scope="col">Path</th>
      <th scope="col" class="status">Status</th><th scope="col" class="ms">ms</th>
    </tr></thead>
    <tbody>${rows.value.map((each) => html`<${Row} key=${each.number} exchange=${each} isOpen=${each.number === selected.value} />`)}</tbody>
  </table>`;
}

function Row({ exchange, isOpen }) {
  const { number, time, method, path, status, milliseconds, hints, faults } = exchange;
  const to = { ...params.value, view: "requests", request: number };
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    adjust({ request: number }, { replace: selected.value !== null });
  };
  return html`<tr class=${`row ${isOpen ? "is-open" : ""}`} data-number=${number} onClick=${open}>
    <td class="time">${clockTime(time)}</td>
    <td class=${`method ${method}`}>${method}</td>
    <td class="path"><div><a href=${addressOf(to)} aria-current=${isOpen ? "true" : undefined}><${Path} path=${path} /></a>
      ${faults && html`<${Chip} kind="fault"><${Icon} name="zap" /> fault</${Chip}>`}
      ${hints.length > 0 && html`<${Chip} kind="hint"><${Icon} name="lightbulb" /> ${hints.length === 1 ? "hint" : `${hints.length} hints`}</${Chip}>`}</div>
    </td>
    <td class="status"><span class=${`code-of s${Math.floor(status / 100)}`}>${status}</span></td>
    <td class="ms">${milliseconds < 10 ? milliseconds : Math.round(milliseconds)}</td>
  </tr>`;
}

// What is the same in every path is not what one looks for.
function Path({ path }) {
  const common = /^\/api\/credentials\//.exec(path)?.[0] ?? "";
  const [rest, query] = path.slice(common.length).split(/\?(.*)/s);
  return html`<span class="faint">${common}</span><span>${rest}</span>${query !== undefined && html`<span class="query">?${query}</span>`}`;
}

function move(event) {
  const row = event.target.closest("tr.row");
  const step = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && selected.value) return void close();
  if (event.key === "c") {
    read(`requests/${row.dataset.number}`).then(({ curl }) => curl && copy(curl), complain);
  }
  if (!step) return;
  event.preventDefault();
  const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  next?.querySelector("a").focus();
  next?.scrollIntoView({ block: "nearest" });
  if (next && selected.value) adjust({ request: next.dataset.number }, { replace: true });
}

function Nothing() {
  if (searching.value) return html`<p class="muted pad">Searching…</p>`;
  if (isFiltered.value) {
    return html`<${Empty} icon="search" title="No request fits">
      <p>The mock searched paths, headers, bodies and hints of ${exchanges.value.length} requests.</p>
      <${Button} onClick=${() => adjust({ q: "", problems: "", method: "" })}>Show all requests</${Button}>
    </${Empty}>`;
  }
  const base = overview.value ? overview.value.origin + overview.value.root : "";
  const admin = overview.value?.users.find(({ keyIsActive }) => keyIsActive);
  const line = admin && `curl -H 'Authorization: Api-Key ${admin.key}' '${base}/api/credentials/orgs/${admin.platform}/users/${admin.id}/'`;
  return html`<${Empty} icon="list" title="No requests yet">
    <p>Point your application at <code>${base}</code>, or send a first request:</p>
    ${line && html`<div class="snippet"><pre tabindex="0" aria-label="A first request">${line}</pre>
      <${CopyButton} text=${line} of="the curl command" /></div>`}
    <p><a href=${addressOf({ view: "connect" })}>Snippets for fetch, axios, Playwright, pytest and Vite</a></p>
  </${Empty}>`;
}
