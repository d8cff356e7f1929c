// A fault as a form and as JSON, which are the same rule: what one changes, the other shows.

import { html, useLayoutEffect, useState } from "./html.js";
import { change } from "./actions.js";
import { overview } from "./live.js";
import { Button, Field, Problem } from "./parts.js";

const PRESETS = [
  ["503 once", { status: 503, times: 1 }],
  ["Third POST fails", { method: "POST", nth: 3, status: 500 }],
  ["Rate limit", { status: 429, headers: { "Retry-After": "30" } }],
  ["Slow network", { delay: { p50: 300, p95: 2000, p99: 6000 } }],
  ["One in ten fails", { status: 500, probability: 0.1 }],
  ["Connection closed", { damage: "cut", times: 1 }],
];
const STATUSES = [400, 401, 403, 404, 409, 422, 429, 500, 502, 503, 504];
const METHODS = ["GET", "POST", "PUT", "DELETE"];

export function FaultForm({ draft, onChange }) {
  const [text, setText] = useState(() => write(draft));
  const [invalid, setInvalid] = useState("");
  const [refused, setRefused] = useState("");
  const problem = invalid || refused;
  useLayoutEffect(() => {
    // Not while it is typed: other spaces are not another rule.
    if (!isSame(text, draft)) setText(write(draft));
    setInvalid("");
    setRefused("");
  }, [draft]);
  const set = (name, value) => {
    const next = { ...draft, [name]: value };
    if (value === undefined || value === "" || Number.isNaN(value)) delete next[name];
    onChange(next);
  };
  const type = ({ target }) => {
    setText(target.value);
    try {
      const rule = JSON.parse(target.value);
      if (typeof rule !== "object" || rule === null || Array.isArray(rule)) throw new Error("it is not an object");
      onChange(rule);
      setInvalid("");
    } catch (error) {
      setInvalid(`Not valid JSON: ${error.message}`);
    }
  };
  const add = async (event) => {
    event.preventDefault();
    await change("Fault added.", "POST", "faults", draft, { catches: (error) => setRefused(error.message) });
  };
  return html`<form class="fault-form" onSubmit=${add} aria-labelledby="new-fault-heading">
    <div class="buttons presets" role="group" aria-label="Begin with">${PRESETS.map(([words, rule]) => html`<${Button} kind="small" onClick=${() => onChange(rule)}>${words}</${Button}>`)}</div>
    <div class="fault-halves">
      <div class="form">
        <fieldset><legend>Response</legend><${Effect} draft=${draft} set=${set} /></fieldset>
        <fieldset><legend>Delay</legend><${Delay} delay=${draft.delay} set=${(value) => set("delay", value)} /></fieldset>
        <fieldset><legend>Which requests</legend><${Scope} draft=${draft} set=${set} /></fieldset>
      </div>
      <div class="as-json">
        <${Field} label="As JSON" wide note="The same as a client sends to the control plane, and as credmock ctl fault takes it." render=${(given) => html`
          <textarea ...${given} class="mono" rows="12" spellcheck="false" value=${text} onInput=${type}></textarea>`} />
        <${Problem}>${problem}</${Problem}>
        <div class="buttons end"><${Button} type="submit" kind="main" icon="plus" disabled=${Boolean(invalid)}>Add fault</${Button}></div>
      </div>
    </div>
  </form>`;
}

const write = (rule) => JSON.stringify(rule, null, 2);

function isSame(text, rule) {
  try {
    return JSON.stringify(JSON.parse(text)) === JSON.stringify(rule);
  } catch {
    return false;
  }
}

const number = (text) => (text === "" ? undefined : Number(text));

function Effect({ draft, set }) {
  return html`
    <${Field} label="Status" render=${(given) => html`<input ...${given} type="number" min="200" max="599" list="statuses"
      value=${draft.status ?? ""} placeholder="as usual" onInput=${({ target }) => set("status", number(target.value))} />`} />
    <datalist id="statuses">${STATUSES.map((each) => html`<option value=${each} />`)}</datalist>
    <${Choice} label="Damage" value=${draft.damage} set=${(value) => set("damage", value)} options=${[
      ["", "none"], ["malformed", "malformed JSON"], ["truncated", "truncated JSON"], ["cut", "connection closed early"]]} />
    <${Field} label="Example" note="A name from the contract." render=${(given) => html`<input ...${given} value=${draft.example ?? ""}
      placeholder="the first" onInput=${({ target }) => set("example", target.value)} />`} />
    <${JsonField} label="Headers" value=${draft.headers} set=${(value) => set("headers", value)} placeholder='{"Retry-After": "30"}' />
    <${JsonField} label="Body" value=${draft.body} set=${(value) => set("body", value)} placeholder='{"detail": "Down for maintenance"}' />`;
}

function Delay({ delay, set }) {
  const kind = delay === undefined ? "none" : Array.isArray(delay) ? "range" : typeof delay === "object" && delay ? "percentiles" : "fixed";
  const starts = { none: undefined, fixed: 800, range: [100, 900], percentiles: { p50: 300, p95: 2000, p99: 6000 } };
  const wait = (label, value, change) => html`<${Field} label=${label} render=${(given) => html`<input ...${given} type="number" min="0" max="60000"
    value=${value} onInput=${({ target }) => change(number(target.value) ?? 0)} />`} />`;
  return html`<${Choice} label="Kind" value=${kind} set=${(value) => set(starts[value])} options=${[
      ["none", "none"], ["fixed", "the same for all"], ["range", "between two"], ["percentiles", "by percentile"]]} />
    ${kind === "fixed" && wait("Milliseconds", delay, set)}
    ${kind === "range" && [wait("Least, ms", delay[0], (value) => set([value, delay[1]])), wait("Most, ms", delay[1], (value) => set([delay[0], value]))]}
    ${kind === "percentiles" && Object.entries(delay).map(([name, value]) => wait(`${name}, ms`, value, (next) => set({ ...delay, [name]: next })))}`;
}

function Scope({ draft, set }) {
  const { operations } = overview.value;
  return html`
    <${Choice} label="Operation" wide value=${draft.operation} set=${(value) => set("operation", value)}
      options=${[["", "every operation"], ...operations.map(({ id, summary }) => [id, summary])]} />
    <${Choice} label="Method" value=${draft.method} set=${(value) => set("method", value)}
      options=${[["", "any"], ...METHODS.map((each) => [each, each])]} />
    <${Field} label="Path" render=${(given) => html`<input ...${given} value=${draft.path ?? ""} placeholder="*/issuers/"
      onInput=${({ target }) => set("path", target.value)} />`} />
    <${Field} label="Only the n-th" note="Of the matching requests." render=${(given) => html`<input ...${given} type="number" min="1" value=${draft.nth ?? ""}
      placeholder="each" onInput=${({ target }) => set("nth", number(target.value))} />`} />
    <${Field} label="At most, times" render=${(given) => html`<input ...${given} type="number" min="1" value=${draft.times ?? ""}
      placeholder="no limit" onInput=${({ target }) => set("times", number(target.value))} />`} />
    <${Field} label="Probability" note="From 0 to 1, decided by the seed." render=${(given) => html`<input ...${given} type="number" min="0" max="1" step="any"
      value=${draft.probability ?? ""} placeholder="1" onInput=${({ target }) => set("probability", number(target.value))} />`} />`;
}

function Choice({ label, value = "", set, options, wide }) {
  const known = options.some(([each]) => each === value) ? options : [...options, [value, String(value)]];
  return html`<${Field} label=${label} wide=${wide} render=${(given) => html`<select ...${given} value=${value}
    onChange=${({ target }) => set(target.value)}>${known.map(([each, words]) =>
      html`<option value=${each} selected=${each === value}>${words}</option>`)}</select>`} />`;
}

// A part of the rule that is JSON itself.
function JsonField({ label, value, set, placeholder }) {
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value));
  const [error, setError] = useState("");
  useLayoutEffect(() => {
    if (value === undefined ? text && !error : !isSame(text, value)) setText(value === undefined ? "" : JSON.stringify(value));
  }, [value]);
  const type = ({ target }) => {
    setText(target.value);
    try {
      const next = target.value.trim() ? JSON.parse(target.value) : undefined;
      setError("");
      set(next);
    } catch {
      setError("Not valid JSON yet.");
    }
  };
  return html`<${Field} label=${`${label}, JSON`} wide error=${error} render=${(given) => html`<input ...${given} class="mono" value=${text}
    placeholder=${placeholder} onInput=${type} spellcheck="false" />`} />`;
}
