// Connect an application: snippets for this very mock, and what the application asked wrongly so far.

import { html, useState } from "./html.js";
import { Link } from "./address.js";
import { actor } from "./actions.js";
import { exchanges, overview } from "./live.js";
import { Actor, Platforms } from "./credentials.js";
import { Prose } from "./exchange.js";
import { clockTime, CopyButton, Empty, Icon, plural } from "./parts.js";
import { listSnippets } from "./snippets.js";

const MOST_HINTS = 50;

export function Connect() {
  const { origin, root, auth, sandbox } = overview.value;
  const base = `${origin}${root}`;
  const user = actor.value;
  return html`<div class="columns">
    <div class="column">
      <section class="card-block" aria-labelledby="address-heading"><h2 id="address-heading">Address and key</h2>
        <p class="muted">Put these into your application's settings. Each sandbox has its own address.</p>
        <dl class="settings">
          <div><dt>Base URL</dt><dd><code>${base}</code><${CopyButton} text=${base} of="the base URL" /></dd></div>
          <div><dt>Authorization</dt><dd>${user?.key
            ? html`<code>Api-Key ${user.key}</code><${CopyButton} text=${`Api-Key ${user.key}`} of="the header" />`
            : html`<span class="muted">${user?.name ?? "this user"} has no key</span>`}</dd></div>
        </dl>
        <div class="tools flat"><${Platforms} /><${Actor} /></div>
      </section>
      ${user && html`<${Snippets} snippets=${listSnippets({ origin, root, user, auth, sandbox })} />`}
    </div>
    <div class="column"><${Hints} /></div>
  </div>`;
}

function Snippets({ snippets }) {
  const [chosen, choose] = useState(snippets[0].name);
  const index = snippets.findIndex(({ name }) => name === chosen);
  const { name, text } = snippets[index];
  const move = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = snippets[(index + step + snippets.length) % snippets.length];
    choose(next.name);
    document.getElementById(`tab-${snippets.indexOf(next)}`).focus();
  };
  return html`<section class="card-block" aria-labelledby="snippets-heading"><h2 id="snippets-heading">Snippets</h2>
    <div role="tablist" class="tabs" aria-label="Snippets" onKeyDown=${move}>${snippets.map((each, number) => html`
      <button type="button" role="tab" id=${`tab-${number}`} aria-selected=${each.name === name} aria-controls="snippet"
        tabindex=${each.name === name ? 0 : -1} onClick=${() => choose(each.name)}>${each.name}</button>`)}</div>
    <div class="snippet" role="tabpanel" id="snippet" aria-labelledby=${`tab-${index}`}>
      <pre tabindex="0" role="region" aria-label=${`Snippet: ${name}`}>${text}</pre>
      <${CopyButton} text=${text} of=${`the snippet for ${name}`} /></div>
  </section>`;
}

// What several requests lost in the same way is one entry.
export function gather(all) {
  const found = new Map();
  for (const exchange of all) {
    for (const hint of exchange.hints) {
      const entry = found.get(hint) ?? { hint, count: 0, last: exchange };
      entry.count += 1;
      found.set(hint, entry);
    }
  }
  return [...found.values()].sort((one, other) => other.count - one.count);
}

function Hints() {
  const found = gather(exchanges.value);
  return html`<section class="card-block" aria-labelledby="hints-heading"><h2 id="hints-heading">What was asked wrongly so far</h2>
    ${found.length === 0
      ? html`<${Empty} icon="check" title=${exchanges.value.length ? "Nothing so far" : "No requests yet"}>
          <p>${exchanges.value.length ? `None of ${plural(exchanges.value.length, "request")} lost anything without a word.`
            : "As soon as your application asks, its mistakes are gathered here."}</p></${Empty}>`
      : html`<p class="muted">${plural(found.length, "hint")} at ${plural(exchanges.value.length, "request")}. The same text is on the
          response as <code>X-Mock-Hint</code>.</p>
        <ul class="gathered">${found.slice(0, MOST_HINTS).map(({ hint, count, last }) => html`<li key=${hint}>
          <${Icon} name="lightbulb" /><span class="grow"><${Prose} text=${hint} />
            <${Link} class="block-line" to=${{ view: "requests", request: last.number }}>
              ${last.method} <span class="cut">${last.path}</span> at ${clockTime(last.time)}</${Link}></span>
          <span class="count" aria-label=${plural(count, "time")}>×${count}</span></li>`)}</ul>`}
  </section>`;
}
