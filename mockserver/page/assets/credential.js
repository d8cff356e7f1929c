// One credential: its badge and certificate, what can be done with it, and who holds it.

import { html, useEffect, useState } from "./html.js";
import { adjust } from "./address.js";
import { actByApi, change } from "./actions.js";
import { overview } from "./live.js";
import { useRecords } from "./records.js";
import { CredentialForm } from "./credential-form.js";
import { GiveDialog } from "./give.js";
import {
  Badge, Button, Chip, CopyButton, dayOf, describeTerm, describeType, Dialog, Field, Icon, IconButton, plural,
  Problem, useFocus,
} from "./parts.js";

export function close() {
  const { credential } = Object.fromEntries(new URLSearchParams(location.search));
  adjust({ credential: "" });
  requestAnimationFrame(() => document.querySelector(`[data-credential="${CSS.escape(credential ?? "")}"]`)?.focus());
}

export function Credential({ id }) {
  const { data, error } = useRecords(`credentials/${encodeURIComponent(id)}`, {});
  const isNarrow = matchMedia("(max-width: 900px)").matches;
  const heading = useFocus(data && isNarrow ? id : null);
  return html`<section class="detail-pane" aria-label=${data?.name ?? "Credential"}
      onKeyDown=${(event) => event.key === "Escape" && !event.target.closest("dialog") && close()}>
    <header class="pane-head">
      <${IconButton} icon="chevron-left" label="Back to the wall" kind="back" onClick=${close} />
      <h2 tabindex="-1" ref=${heading}>${data?.name ?? "Credential"}</h2><span class="spring"></span>
      <${IconButton} icon="x" label="Close the credential" kind="close" onClick=${close} />
    </header>
    <div class="pane-scroll" tabindex="-1">
      ${error && html`<${Problem}>${error.message}</${Problem}>`}
      ${data && !error && html`<${Content} credential=${data} />`}
    </div>
  </section>`;
}

function Content({ credential }) {
  const [dialog, setDialog] = useState("");
  const { entityId, name, platform, fields, issuer, expires, tags, createdAt, assertions } = credential;
  const done = () => setDialog("");
  const publish = () =>
    actByApi(credential.public ? `${name} is private now.` : `${name} is public now.`, "PUT", entityId, { public: !credential.public });
  return html`
    <div class="hero"><${Badge} image=${credential.image} name=${name} size="huge" />
      <div>
        <p class="chips">${credential.public ? html`<${Chip} kind="ok"><${Icon} name="eye" /> public</${Chip}>` : html`<${Chip} kind="private"><${Icon} name="eye-off" /> private</${Chip}>`}
          <${Chip}>${describeType(credential.type)}</${Chip}><${Chip}>${describeTerm(expires)}</${Chip}></p>
        <p>${fields.description}</p>
        <p class="muted">${issuer} · created ${dayOf(createdAt)}</p>
        ${tags.length > 0 && html`<p class="muted">${tags.map((tag) => `#${tag}`).join(" ")}</p>`}
      </div>
    </div>
    <div class="buttons">
      <${Button} icon="award" kind="main" onClick=${() => setDialog("issue")}>Issue</${Button}>
      <${Button} icon="pencil" onClick=${() => setDialog("edit")}>Edit</${Button}>
      <${Button} icon=${credential.public ? "eye-off" : "eye"} onClick=${publish}>${credential.public ? "Unpublish" : "Publish"}</${Button}>
      <${CopyButton} text=${entityId} label="Copy id" of=${`of ${name}`} />
      <${Button} icon="trash-2" kind="danger" onClick=${() => setDialog("delete")}>Delete</${Button}>
    </div>
    ${credential.hasTemplate && html`<${Certificate} id=${entityId} name=${name} />`}
    <section class="block"><h3>${plural(credential.issued, "assertion")}</h3>
      <${Assertions} assertions=${assertions} />
      ${credential.issued > assertions.length && html`<p class="muted">The newest ${assertions.length} are shown.</p>`}
      ${!credential.issued && html`<p class="muted">Nobody holds this credential yet.</p>`}
    </section>
    ${dialog === "edit" && html`<${CredentialForm} credential=${credential} onClose=${done} />`}
    ${dialog === "issue" && html`<${GiveDialog} credential=${credential} platform=${platform} onClose=${done} />`}
    ${dialog === "delete" && html`<${Delete} credential=${credential} onClose=${done} />`}`;
}

function Certificate({ id, name }) {
  const address = `credentials/${encodeURIComponent(id)}/preview`;
  return html`<section class="block"><div class="side-head"><h3>Certificate</h3>
      <a class="button bare" href=${address} target="_blank" rel="noreferrer"><${Icon} name="external-link" /><span>Open as a page</span></a></div>
    <iframe class="certificate" src=${address} title=${`Certificate of ${name}, with its tags filled in`} sandbox="" loading="lazy"></iframe>
  </section>`;
}

function Delete({ credential, onClose }) {
  const [problem, setProblem] = useState("");
  const remove = async () => {
    const catches = (error) => setProblem(error.message);
    const done = await actByApi(`Deleted ${credential.name}.`, "DELETE", credential.entityId, undefined, { catches });
    if (!done) return;
    onClose();
    close();
  };
  return html`<${Dialog} title=${`Delete ${credential.name}?`} onClose=${onClose}>
    <p>The API refuses this while somebody holds the credential.</p>
    <${Problem}>${problem}</${Problem}>
    <div class="buttons end"><${Button} onClick=${onClose}>Cancel</${Button}>
      <${Button} kind="danger solid" icon="trash-2" onClick=${remove}>Delete</${Button}></div>
  </${Dialog}>`;
}

export function Assertions({ assertions }) {
  const [revoking, setRevoking] = useState(null);
  const nameOf = (id) => overview.value.users.find((user) => user.id === id)?.name ?? `user ${id}`;
  return html`<ul class="assertions">${assertions.map((each) => {
    const who = each.name ?? nameOf(each.user);
    const dates = `issued ${dayOf(each.issuedOn)}${each.expires ? ` · ${each.state === "expired" ? "expired" : "expires"} ${dayOf(each.expires)}` : ""}`;
    return html`<li key=${each.entityId}>
      ${"image" in each && html`<${Badge} image=${each.image} name=${each.name} />`}
      <span class="grow"><b>${who}</b> <${Chip} kind=${each.state}>${each.state}</${Chip}>
        <span class="muted block-line">${dates}${each.reason ? ` · ${each.reason}` : ""}</span></span>
      <span class="buttons">
        ${each.state === "revoked"
          ? html`<${Button} icon="undo-2" onClick=${() => reinstate(each, who)}>Reinstate<span class="unseen"> ${who}</span></${Button}>`
          : html`<${Button} icon="ban" onClick=${() => setRevoking({ ...each, who })}>Revoke<span class="unseen"> ${who}</span></${Button}>`}
        ${each.state === "valid" && html`<${Button} icon="clock" onClick=${() => expire(each, who)}>Expire<span class="unseen"> ${who}</span></${Button}>`}
      </span>
    </li>`;
  })}</ul>
  ${revoking && html`<${Revoke} assertion=${revoking} onClose=${() => setRevoking(null)} />`}`;
}

function reinstate({ entityId }, who) {
  return actByApi(`Reinstated: ${who}.`, "PUT", `assertions/${entityId}`, { revoked: false });
}

// The API cannot let an assertion expire; the control plane can.
function expire({ entityId }, who) {
  return change(`Expired now: ${who}.`, "POST", `assertions/${encodeURIComponent(entityId)}/expire`);
}

function Revoke({ assertion, onClose }) {
  const [reason, setReason] = useState("");
  const [problem, setProblem] = useState("");
  const revoke = async (event) => {
    event.preventDefault();
    const body = { revoked: true, revocationReason: reason };
    const catches = (error) => setProblem(error.message);
    if (await actByApi(`Revoked: ${assertion.who}.`, "PUT", `assertions/${assertion.entityId}`, body, { catches })) onClose();
  };
  return html`<${Dialog} title=${`Revoke: ${assertion.who}`} onClose=${onClose}><form onSubmit=${revoke}>
    <${Field} label="Reason" wide note="Shown to everybody who looks up the assertion." render=${(given) => html`<input ...${given}
      value=${reason} onInput=${({ target }) => setReason(target.value)} maxlength="200" autofocus />`} />
    <${Problem}>${problem}</${Problem}>
    <div class="buttons end"><${Button} onClick=${onClose}>Cancel</${Button}>
      <${Button} type="submit" kind="danger solid" icon="ban">Revoke</${Button}></div></form>
  </${Dialog}>`;
}
