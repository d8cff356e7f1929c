// Scenarios, records and snapshots: what replaces everything is chosen on purpose, and undone.

import { html, useState } from "./html.js";
import { act, busy, change, undo } from "./actions.js";
import { control } from "./calls.js";
import { overview, state } from "./live.js";
import { Button, Chip, Icon } from "./parts.js";

const BACK = { canUndo: true };

// `onReplace` is called as soon as something that replaces everything begins: its progress, and the
// way back, are said outside of a dialog.
export function World({ onReplace = () => {} }) {
  const { scenario, undo: label, snapshots } = state.value;
  const replace = (...words) => {
    onReplace();
    return change(...words);
  };
  return html`<section class="block">
      <h3>Records</h3>
      <div class="buttons">
        <${Button} icon="rotate-ccw" disabled=${busy.value}
          onClick=${() => replace("Reset to the default data.", "POST", "state/reset", undefined, { ...BACK, while: "Resetting…" })}>Reset</${Button}>
        <${Button} icon="eraser" disabled=${busy.value}
          onClick=${() => replace("All credentials are removed.", "POST", "state/clear", undefined, { ...BACK, while: "Clearing…" })}>Clear credentials</${Button}>
        ${label && html`<${Button} icon="undo-2" onClick=${() => { onReplace(); undo(); }}>Undo ${label}</${Button}>`}
      </div>
    </section>
    <section class="block">
      <h3>Scenarios</h3>
      <${Scenarios} current=${scenario} replace=${replace} />
    </section>
    <section class="block"><h3>Snapshots</h3><${Snapshots} names=${snapshots} /></section>`;
}

function Scenarios({ current, replace }) {
  const enter = ({ name }) =>
    replace(`The scenario is ${name}.`, "POST", "scenario", { name }, { ...BACK, while: `Entering ${name}…` });
  const leave = () => replace("Back to the default data.", "DELETE", "scenario", undefined, { ...BACK, while: "Resetting…" });
  const isBusy = Boolean(busy.value);
  return html`<ul class="choices scenarios" aria-busy=${isBusy}>
    <li><button type="button" aria-pressed=${current === null} disabled=${isBusy} onClick=${leave}>
      <b>default data</b><span class="muted">the world that the mock started with</span></button></li>
    ${overview.value.scenarios.map((each) => html`<li key=${each.name}>
      <button type="button" aria-pressed=${current === each.name} disabled=${isBusy || Boolean(each.error)} onClick=${() => enter(each)}>
        <b>${each.name}</b>
        ${!each.ships && !each.error && html`<${Chip}>yours</${Chip}>`}
        <span class=${each.error ? "field-error" : "muted"}>${each.error ?? each.description}</span>
      </button></li>`)}
  </ul>`;
}

function Snapshots({ names }) {
  const [name, setName] = useState("");
  const save = (event) => {
    event.preventDefault();
    act(`Saved the snapshot ${name}.`, () => control("POST", `state/snapshots/${encodeURIComponent(name)}`));
    setName("");
  };
  return html`${names.length > 0 && html`<ul class="choices">${names.map((each) => html`<li class="with-action">
      <span><${Icon} name="camera" /> ${each}</span>
      <${Button} onClick=${() => change(`Restored ${each}.`, "POST", `state/snapshots/${encodeURIComponent(each)}/restore`, undefined, BACK)}>
        Restore<span class="unseen"> ${each}</span></${Button}></li>`)}</ul>`}
    <form class="inline" onSubmit=${save}>
      <input aria-label="Name of the snapshot" placeholder="before-demo" required maxlength="64" value=${name}
        pattern="[A-Za-z0-9_\\-][A-Za-z0-9_.\\-]{0,63}" title="Letters, digits, _, . and -"
        onInput=${({ target }) => setName(target.value)} />
      <${Button} type="submit" icon="camera">Save snapshot</${Button}>
    </form>`;
}
