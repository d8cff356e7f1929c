// The wall of badges: the pictures of this product, large enough to look at.

import { html, useEffect, useRef, useState } from "./html.js";
import { useRecords } from "./records.js";
import { addressOf, adjust, Link, params } from "./address.js";
import { actAs, actor, platform } from "./actions.js";
import { overview } from "./live.js";
import { Badge, Button, Chip, Empty, Icon, plural, Problem } from "./parts.js";
import { Credential } from "./credential.js";
import { CredentialForm } from "./credential-form.js";

export function Credentials() {
  const { credential, q = "", page = "" } = params.value;
  const [isNew, setNew] = useState(false);
  const { data, error } = useRecords("credentials", { platform: platform.value, search: q, page });
  useEffect(() => {
    // A page that is gone, as after a scenario with fewer records: the first one is there.
    if (error?.status === 404 && page) adjust({ page: "" }, { replace: true });
  }, [error]);
  return html`<div class=${`panes ${credential ? "has-detail" : ""}`}>
    <section class="list-pane" aria-label="Wall of badges">
      <div class="tools">
        <${Platforms} />
        <${SearchField} label="Search credentials" value=${q} />
        <span class="spring"></span>
        <${Actor} />
        <${Button} icon="plus" kind="main" onClick=${() => setNew(true)}>New<span class="wide-only"> credential</span></${Button}>
      </div>
      <div class="scroll-area" tabindex="-1">
        ${error && !(error.status === 404 && page) && html`<${Problem}>${error.message}</${Problem}>`}
        ${data && html`<${Wall} data=${data} isSearch=${q} onNew=${() => setNew(true)} />`}
      </div>
    </section>
    ${credential && html`<${Credential} key=${credential} id=${credential} />`}
    ${isNew && html`<${CredentialForm} onClose=${() => setNew(false)} />`}
  </div>`;
}

export function Platforms() {
  const change = ({ target }) => adjust({ platform: target.value, page: "", credential: "" });
  return html`<select aria-label="Platform" onChange=${change} value=${platform.value}>
    ${overview.value.platforms.map(({ key, name }) => html`<option value=${key} selected=${key === platform.value}>${name}</option>`)}
  </select>`;
}

// Who acts when the page writes: its requests are those of this user, with this user's key.
export function Actor() {
  const users = overview.value.users.filter((user) => user.platform === platform.value);
  return html`<label class="actor"><${Icon} name="key-round" /><span>Act as</span>
    <select value=${actor.value?.id} onChange=${({ target }) => actAs(Number(target.value))}>
      ${users.map((user) => html`<option value=${user.id} selected=${user.id === actor.value?.id}>
        ${user.name}, ${user.role}${user.key ? (user.keyIsActive ? "" : " (deactivated)") : " (no key)"}</option>`)}
    </select></label>`;
}

export function SearchField({ label, value }) {
  const [text, setText] = useState(value);
  const timer = useRef(0);
  useEffect(() => setText(value), [value]);
  const type = ({ target }) => {
    setText(target.value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => adjust({ q: target.value, page: "" }, { replace: true }), 200);
  };
  return html`<label class="search"><${Icon} name="search" /><span class="unseen">${label}</span>
    <input type="search" value=${text} onInput=${type} autocomplete="off" placeholder=${label} /></label>`;
}

function Wall({ data, isSearch, onNew }) {
  const { cards, count, page, pages } = data;
  if (!count && isSearch) {
    return html`<${Empty} icon="search" title="No credential fits">
      <${Button} onClick=${() => adjust({ q: "" })}>Show all</${Button}></${Empty}>`;
  }
  if (!count) {
    return html`<${Empty} icon="award" title="No credentials">
      <p>This platform has none, as an application sees it on its first day.</p>
      <${Button} icon="plus" kind="main" onClick=${onNew}>Create the first one</${Button}></${Empty}>`;
  }
  return html`<p class="muted count-line" role="status">${plural(count, "credential")}, private ones too${pages > 1 ? ` · page ${page} of ${pages}` : ""}</p>
    <ul class="wall">${cards.map((card) => html`<${Card} key=${card.entityId} card=${card} />`)}</ul>
    ${pages > 1 && html`<nav class="pages" aria-label="Pages of credentials">
      ${page > 1 && html`<${Link} class="button" to=${{ ...params.value, view: "credentials", page: page - 1 }}>
        <${Icon} name="chevron-left" /><span>Newer</span></${Link}>`}
      ${page < pages && html`<${Link} class="button" to=${{ ...params.value, view: "credentials", page: page + 1 }}>
        <span>Older</span><${Icon} name="chevron-right" /></${Link}>`}
    </nav>`}`;
}

function Card({ card }) {
  const isOpen = params.value.credential === card.entityId;
  const open = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    adjust({ credential: card.entityId });
  };
  return html`<li class=${`card ${isOpen ? "is-open" : ""}`}>
    <a href=${addressOf({ ...params.value, view: "credentials", credential: card.entityId })} onClick=${open}
      aria-current=${isOpen ? "true" : undefined} data-credential=${card.entityId}>
      <${Badge} image=${card.image} name=${card.name} size="large" />
      <span class="card-name">${card.name}</span>
      <span class="muted">${card.issuer}</span>
      <span class="chips">
        ${!card.public && html`<${Chip} kind="private"><${Icon} name="eye-off" /> private</${Chip}>`}
        <${Chip}>${card.issued} issued</${Chip}>
      </span>
    </a>
  </li>`;
}
