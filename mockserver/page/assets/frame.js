// What is around every view: the top bar, the views, and what is said.

import { html, useEffect, useState } from "./html.js";
import { addressOfSandbox, Link, params, view, VIEWS } from "./address.js";
import { busy, copy, notice, platform, undo } from "./actions.js";
import { connection, exchanges, overview, state } from "./live.js";
import { Button, Dialog, Field, Icon, IconButton, plural } from "./parts.js";
import { World } from "./world.js";

export function TopBar() {
  const [open, setOpen] = useState("");
  const { scenario, faults } = state.value;
  const base = overview.value.origin + overview.value.root;
  const close = () => setOpen("");
  return html`<header class="top">
    <h1><img src="assets/icon.svg" alt="" width="22" height="22" /><span>credmock</span></h1>
    <button type="button" class="switch" onClick=${() => setOpen("sandbox")} aria-haspopup="dialog">
      <${Icon} name="box" /><span class="unseen">Sandbox </span><b>${overview.value.sandbox}</b><${Icon} name="chevron-down" /></button>
    <button type="button" class="switch" onClick=${() => setOpen("world")} aria-haspopup="dialog">
      <${Icon} name="layers" /><span class="unseen">Scenario </span><b>${scenario ?? "default data"}</b><${Icon} name="chevron-down" /></button>
    <${Link} class="switch" to=${{ view: "faults" }}><${Icon} name=${state.value.clock.frozen ? "snowflake" : "clock"} />
      <span class="unseen">Clock </span><${Clock} /></${Link}>
    <${Link} class=${`switch ${faults.length ? "has-faults" : ""}`} to=${{ view: "faults" }}>
      <${Icon} name="zap" /><b>${faults.length ? plural(faults.length, "fault") : "no faults"}</b></${Link}>
    <span class="spring"></span>
    <button type="button" class="switch base" onClick=${() => copy(base, "the base URL")} title="Copy the base URL">
      <span class="unseen">Copy the base URL </span><code>${base}</code><${Icon} name="copy" /></button>
    <${Connection} />
    ${open === "sandbox" && html`<${Sandboxes} onClose=${close} />`}
    ${open === "world" && html`<${Dialog} title="Scenario and records" kind="side" onClose=${close}><${World} onReplace=${close} /></${Dialog}>`}
  </header>`;
}

function Connection() {
  const words = { live: "live", connecting: "connecting", lost: "not connected" }[connection.value];
  return html`<span id="live" class="connection" data-state=${connection.value} role="status"><span class="dot"></span>${words}</span>`;
}

// The sandbox's own time, which goes on between two events unless it is frozen.
export function Clock() {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const moment = currentTime();
  return html`<time datetime=${moment}>${moment.slice(0, 10)} ${moment.slice(11, 16)}</time>
    ${state.value.clock.frozen && html`<span class="frozen"> frozen</span>`}`;
}

export function currentTime() {
  const { clock, received } = state.value;
  const passed = clock.frozen ? 0 : Date.now() - received;
  return new Date(Date.parse(clock.now) + passed).toISOString();
}

function Sandboxes({ onClose }) {
  const [name, setName] = useState("");
  const { sandboxes } = state.value;
  const open = (event) => {
    event.preventDefault();
    location.assign(addressOfSandbox(name));
  };
  return html`<${Dialog} title="Sandboxes" onClose=${onClose}>
    <p class="muted">Each sandbox has its own records, clock, faults and journal.</p>
    <ul class="choices">${sandboxes.map((each) => html`<li>
      <a href=${addressOfSandbox(each)} aria-current=${each === overview.value.sandbox ? "true" : undefined}>
        <${Icon} name="box" />${each}</a></li>`)}</ul>
    <form class="inline" onSubmit=${open}>
      <${Field} label="Open another" wide render=${(given) => html`<input ...${given} required value=${name}
        onInput=${({ target }) => setName(target.value)} placeholder="checkout-test" maxlength="64"
        pattern="[A-Za-z0-9_\\-][A-Za-z0-9_.\\-]{0,63}" title="Letters, digits, _, . and -" />`} />
      <${Button} type="submit" kind="main">Open</${Button}>
    </form>
  </${Dialog}>`;
}

export function Views() {
  const faults = state.value.faults.length;
  return html`<nav class="views" aria-label="Views">
    ${VIEWS.map(({ name, title, short, icon }) => html`<${Link} key=${name} to=${{ view: name, platform: params.value.platform }}
      aria-current=${view.value === name ? "page" : undefined}>
      <${Icon} name=${icon} /><span class="long">${title}</span><span class="short" aria-hidden="true">${short ?? title}</span>
      ${name === "faults" && faults > 0 && html`<span class="count">${faults}</span>`}
    </${Link}>`)}
    <span class="spring"></span>
    <a class="docs" href="docs"><${Icon} name="book-open" /><span class="long">Reference</span></a>
  </nav>`;
}

// What was done last, with a way back or to the request that did it.
export function Notice() {
  const now = notice.value;
  useEffect(() => {
    if (!now || now.isProblem || now.canUndo) return undefined;
    const timer = setTimeout(() => notice.value === now && (notice.value = null), 8000);
    return () => clearTimeout(timer);
  }, [now]);
  const dismiss = () => (notice.value = null);
  return html`<div class="notices">
    <div role="status" id="said">${busy.value
      ? html`<p class="notice busy"><${Icon} name="loader" /><span>${typeof busy.value === "string" ? busy.value : "Working…"}</span></p>`
      : now && !now.isProblem && html`<p class="notice" key=${now.id}><${Icon} name="check" /><span>${now.text}</span></p>`}</div>
    <div role="alert">${now?.isProblem && html`<p class="notice problem" key=${now.id}><${Icon} name="circle-alert" /><span>${now.text}</span></p>`}</div>
    ${now && !busy.value && html`<div class="notice-actions">
      ${now.canUndo && html`<${Button} icon="undo-2" onClick=${undo}>Undo</${Button}>`}
      ${now.request && html`<${ShowRequest} request=${now.request} />`}
      <${IconButton} icon="x" label="Dismiss" onClick=${dismiss} />
    </div>`}
  </div>`;
}

function ShowRequest({ request }) {
  const found = exchanges.value.find(
    ({ method, path }) => method === request.method && path.split("?")[0].endsWith(`/${request.path}`),
  );
  if (!found) return null;
  return html`<${Link} class="button" to=${{ view: "requests", request: found.number, platform: platform.value }}>Show request</${Link}>`;
}
