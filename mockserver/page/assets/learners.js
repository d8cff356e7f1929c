// Every user with badges, role and key, and what can be given to them.

import { html, useState } from "./html.js";
import { params } from "./address.js";
import { platform } from "./actions.js";
import { overview } from "./live.js";
import { Actor, Platforms, SearchField } from "./credentials.js";
import { useRecords } from "./records.js";
import { Assertions } from "./credential.js";
import { GiveDialog } from "./give.js";
import { Badge, Button, Chip, CopyButton, Dialog, Empty, Icon, plural, Problem } from "./parts.js";

export function Learners() {
  const { q = "" } = params.value;
  const { data, error } = useRecords("learners", { platform: platform.value, search: q });
  const { auth } = overview.value;
  return html`<div class="panes"><section class="list-pane" aria-label="Users">
    <div class="tools"><${Platforms} /><${SearchField} label="Search people" value=${q} /><span class="spring"></span><${Actor} /></div>
    <div class="scroll-area" tabindex="-1">
      ${auth !== "keys" && html`<p class="banner"><${Icon} name="key-round" /> Keys are not checked (<code>--auth ${auth}</code>): every caller is a platform admin.</p>`}
      ${error && html`<${Problem}>${error.message}</${Problem}>`}
      ${data && !data.count && html`<${Empty} icon="users" title="Nobody fits"><p>No user of this platform has such a name, id or role.</p></${Empty}>`}
      ${data && data.count > 0 && html`<ul class="people">${data.learners.map((learner) => html`<${Person} key=${learner.id} learner=${learner} />`)}</ul>`}
    </div>
  </section></div>`;
}

function Person({ learner }) {
  const [dialog, setDialog] = useState("");
  const user = overview.value.users.find(({ id }) => id === learner.id);
  if (!user) return null;
  const { badges, count } = learner;
  const close = () => setDialog("");
  return html`<li class="person">
    <div class="who">
      <h2>${user.name}</h2>
      <p class="chips"><${Chip} kind=${user.role === "learner" ? "" : "accent"}>${user.role}</${Chip}>
        <span class="muted">${user.username} · id ${user.id}${user.active ? "" : " · deactivated"}</span></p>
      ${user.key ? html`<p class="key-line"><code>${user.key}</code>${!user.keyIsActive && html`<${Chip} kind="revoked">deactivated</${Chip}>`}
          <${CopyButton} kind="bare" text=${`Api-Key ${user.key}`} label="Copy header" of=${`with the key of ${user.name}`} /></p>`
        : html`<p class="muted">no key</p>`}
    </div>
    <div class="badges">
      ${badges.slice(0, 8).map((badge) => html`<button type="button" class=${`badge-button ${badge.state}`} key=${badge.entityId}
          onClick=${() => setDialog("badges")} title=${`${badge.name}: ${badge.state}${badge.public ? "" : ", private"}`}
          aria-label=${`${badge.name}: ${badge.state}${badge.public ? "" : ", private"}. Open the badges of ${user.name}`}>
        <${Badge} image=${badge.image} name=${badge.name} size="medium" />
        ${badge.state !== "valid" && html`<span class="mark"><${Icon} name=${badge.state === "revoked" ? "ban" : "clock"} /></span>`}
        ${!badge.public && html`<span class="mark private"><${Icon} name="eye-off" /></span>`}
      </button>`)}
      ${count === 0 && html`<span class="muted">no badges</span>`}
    </div>
    <div class="buttons">
      ${count > 0 && html`<${Button} onClick=${() => setDialog("badges")}>${plural(count, "badge")}<span class="unseen"> of ${user.name}</span></${Button}>`}
      <${Button} icon="award" onClick=${() => setDialog("give")}>Give…<span class="unseen"> to ${user.name}</span></${Button}>
    </div>
    ${dialog === "give" && html`<${GiveDialog} user=${user} held=${badges} platform=${user.platform} onClose=${close} />`}
    ${dialog === "badges" && html`<${Dialog} title=${`Badges of ${user.name}`} kind="wide-dialog" onClose=${close}>
      <${Assertions} assertions=${badges} />
      ${count > badges.length && html`<p class="muted">The newest ${badges.length} of ${count} are shown.</p>`}
    </${Dialog}>`}
  </li>`;
}
