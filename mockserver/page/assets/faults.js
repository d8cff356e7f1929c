// Faults and time: what goes wrong, how often it did, and when it is.

import { html, useState } from "./html.js";
import { act, change } from "./actions.js";
import { control } from "./calls.js";
import { state } from "./live.js";
import { Clock, currentTime } from "./frame.js";
import { FaultForm } from "./fault-form.js";
import { Button, Chip, CopyButton, Field, Icon, plural } from "./parts.js";
import { describe, ruleOf } from "./fault-words.js";
import { World } from "./world.js";

const LATENCIES = [
  ["none", null],
  ["200 ms", 200],
  ["800 ms", 800],
  ["3 s", 3000],
  ["slow network", { p50: 300, p95: 2000, p99: 6000 }],
];
const STEPS = [["+1 day", "P1D"], ["+30 days", "P30D"], ["+1 year", "P1Y"], ["−1 day", "-P1D"]];

export function Faults() {
  const [draft, setDraft] = useState({ status: 503, times: 1 });
  return html`<div class="columns">
    <div class="column">
      <section class="card-block" aria-labelledby="faults-heading"><h2 id="faults-heading">Faults</h2>
        <${Active} onEdit=${setDraft} /></section>
      <section class="card-block" aria-labelledby="new-fault-heading"><h2 id="new-fault-heading">New fault</h2>
        <${FaultForm} draft=${draft} onChange=${setDraft} /></section>
    </div>
    <div class="column narrow">
      <section class="card-block" aria-labelledby="clock-heading"><h2 id="clock-heading">Clock</h2><${Time} /></section>
      <section class="card-block" aria-labelledby="latency-heading"><h2 id="latency-heading">Latency</h2><${Latency} /></section>
      <section class="card-block" aria-labelledby="world-heading"><h2 id="world-heading">Scenario and records</h2><${World} /></section>
    </div>
  </div>`;
}

function Active({ onEdit }) {
  const { faults } = state.value;
  if (!faults.length) return html`<p class="muted">None: every request is answered as production would.</p>`;
  const edit = (fault) => {
    onEdit(ruleOf(fault));
    document.querySelector("#new-fault-heading").scrollIntoView({ block: "start" });
  };
  return html`<ul class="faults">${faults.map((fault) => {
    const { effect, scope } = describe(fault);
    return html`<li key=${fault.id}>
      <span class="grow"><b>${effect}</b><span class="muted block-line">${scope}</span></span>
      <span class="counts">${fault.times && fault.happened >= fault.times ? html`<${Chip}>used up</${Chip}> ` : ""}<b>${fault.happened}</b> applied<span class="muted"> of ${plural(fault.matched, "matching request")}</span></span>
      <span class="buttons">
        <${CopyButton} text=${JSON.stringify(ruleOf(fault))} label="JSON" of=${`of fault ${fault.id}`} />
        <${Button} icon="pencil" onClick=${() => edit(fault)}>Use as a draft<span class="unseen">: fault ${fault.id}</span></${Button}>
        <${Button} icon="x" onClick=${() => change("Fault removed.", "DELETE", `faults/${fault.id}`)}>
          Remove<span class="unseen"> fault ${fault.id}: ${effect}</span></${Button}>
      </span></li>`;
  })}</ul>
  ${faults.length > 1 && html`<div class="buttons"><${Button} onClick=${() => change("All faults are removed.", "DELETE", "faults")}>Remove all</${Button}></div>`}`;
}

const EFFECTS = ["status", "headers", "damage", "example", "body"];
const SCOPES = ["operation", "method", "path", "nth", "times", "probability"];
const isLatency = (fault) => ![...EFFECTS, ...SCOPES].some((name) => name in fault);

function Latency() {
  const delays = state.value.faults.filter(isLatency);
  const current = delays.length === 1 ? JSON.stringify(delays[0].delay) : delays.length ? "" : "null";
  const set = (words, delay) =>
    act(delay === null ? "Responses are not delayed." : `Responses are delayed: ${words}.`, async () => {
      for (const { id } of state.value.faults.filter(isLatency)) await control("DELETE", `faults/${id}`);
      if (delay !== null) await control("POST", "faults", { delay });
    });
  return html`<div class="buttons" role="group" aria-label="Delay of every response">${LATENCIES.map(([words, delay]) =>
    html`<button type="button" class="button toggle" aria-pressed=${current === JSON.stringify(delay)} onClick=${() => set(words, delay)}><span>${words}</span></button>`)}</div>
    ${delays.length > 0 && html`<p class="muted">${delays.map((fault) => describe(fault).effect).join(", ")}</p>`}`;
}

function Time() {
  const { frozen } = state.value.clock;
  const [moment, setMoment] = useState(() => currentTime().slice(0, 16));
  const set = (event) => {
    event.preventDefault();
    change(`The clock is set to ${moment.replace("T", " ")} UTC.`, "POST", "clock", { set: `${moment}:00Z` });
  };
  const real = () => change("The clock shows the real time.", "POST", "clock", { set: new Date().toISOString(), run: true });
  return html`<p class="big-clock"><${Icon} name=${frozen ? "snowflake" : "clock"} /> <${Clock} /> <span class="muted">UTC</span></p>
    <div class="buttons">
      ${STEPS.map(([words, advance]) => html`<${Button} onClick=${() => change(`The clock moved: ${words}.`, "POST", "clock", { advance })}>${words}</${Button}>`)}
    </div>
    <div class="buttons">
      ${frozen
        ? html`<${Button} icon="play" onClick=${() => change("The clock runs.", "POST", "clock", { run: true })}>Run</${Button}>`
        : html`<${Button} icon="snowflake" onClick=${() => change("The clock is frozen.", "POST", "clock", { freeze: true })}>Freeze</${Button}>`}
      <${Button} icon="rotate-ccw" onClick=${real}>Real time</${Button}>
    </div>
    <form class="inline" onSubmit=${set}>
      <${Field} label="Date and time, UTC" render=${(given) => html`<input ...${given} type="datetime-local" required value=${moment}
        onInput=${({ target }) => setMoment(target.value)} />`} />
      <${Button} type="submit">Set</${Button}>
    </form>`;
}
