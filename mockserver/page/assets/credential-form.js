// Create or change a credential, by the API as the one who acts.

import { html, useState } from "./html.js";
import { adjust } from "./address.js";
import { act, actor, platform } from "./actions.js";
import { callApi, flatten } from "./calls.js";
import { overview } from "./live.js";
import { Badge, Button, Dialog, Field, Problem } from "./parts.js";

const TYPES = ["MICRO_CREDENTIAL", "CREDENTIAL", "CERTIFICATE"];
const UNITS = ["days", "weeks", "months", "years"];

export function CredentialForm({ credential, onClose }) {
  const issuers = overview.value.issuers.filter((issuer) => issuer.platform === platform.value);
  const [draft, setDraft] = useState(() => readDraft(credential, issuers));
  const [file, setFile] = useState(null);
  const [refusal, setRefusal] = useState(null);
  const set = (name) => ({ target }) => setDraft({ ...draft, [name]: target.type === "checkbox" ? target.checked : target.value });
  const errors = refusal?.fields ?? {};
  const error = (name) => (errors[name] ? flatten(errors[name]) : undefined);
  const isShown = ["name", "issuer", "description", "expires", "tags", "image"].some((name) => errors[name]);

  const save = async (event) => {
    event.preventDefault();
    const user = actor.value;
    const [method, path] = credential ? ["PUT", credential.entityId] : ["POST", ""];
    const made = await act(
      `${credential ? "Saved" : "Created"} ${draft.name}.`,
      async () => {
        const body = writeBody(draft, credential && readDraft(credential, issuers));
        if (file) body.icon_image_id = (await upload(user, file, draft.name)).id;
        return callApi(user, method, path, body);
      },
      { catches: setRefusal, request: { method, path } },
    );
    if (!made) return;
    onClose();
    if (!credential) adjust({ credential: made.result.entityId, q: "", page: "" });
  };

  const text = (name, label, more = {}) => html`<${Field} label=${label} wide=${more.wide} note=${more.note} error=${error(name)}
    render=${(given) => html`<input ...${given} value=${draft[name]} onInput=${set(name)} required=${more.required} />`} />`;
  const choice = (name, label, options) => html`<${Field} label=${label} error=${error(name)} render=${(given) => html`
    <select ...${given} value=${draft[name]} onChange=${set(name)}>${options.map(
      ([value, words]) => html`<option value=${value} selected=${value === draft[name]}>${words}</option>`)}</select>`} />`;
  return html`<${Dialog} title=${credential ? `Edit ${credential.name}` : "New credential"} onClose=${onClose}>
    <form class="form" onSubmit=${save}>
      ${text("name", "Name", { wide: true, required: true })}
      <${Field} label="Description" wide error=${error("description")} render=${(given) => html`
        <textarea ...${given} rows="3" value=${draft.description} onInput=${set("description")}></textarea>`} />
      ${choice("issuer", "Issuer", issuers.map((issuer) => [issuer.entityId, issuer.name]))}
      ${choice("credentialType", "Type", typesWith(draft.credentialType).map((type) => [type, type.replaceAll("_", " ").toLowerCase()]))}
      <${Field} label="Valid for" note="Empty: does not expire." error=${error("expires")} render=${(given) => html`<input ...${given} type="number" min="1"
        value=${draft.amount} onInput=${set("amount")} />`} />
      ${choice("duration", "Unit", UNITS.map((unit) => [unit, unit]))}
      ${text("tags", "Tags", { wide: true, note: "Separated by commas." })}
      <${Field} label="Badge" wide error=${error("image")} note="PNG, JPEG, GIF, WebP or SVG. It is uploaded first." render=${(given) => html`<div class="upload">
        <${Badge} image=${credential?.image} name=${draft.name || "?"} />
        <input ...${given} type="file" accept="image/*" onChange=${({ target }) => setFile(target.files[0] ?? null)} /></div>`} />
      <label class="check wide"><input type="checkbox" checked=${draft.public} onChange=${set("public")} /> Public: it is in the list of the API</label>
      ${refusal && !isShown && html`<${Problem}>${refusal.message}</${Problem}>`}
      <p class="muted wide">Sent to the API as ${actor.value?.name}, ${actor.value?.role}.</p>
      <div class="buttons end wide"><${Button} onClick=${onClose}>Cancel</${Button}>
        <${Button} type="submit" kind="main">${credential ? "Save" : "Create"}</${Button}></div>
    </form>
  </${Dialog}>`;
}

const typesWith = (type) => (TYPES.includes(type) ? TYPES : [...TYPES, type]);

function readDraft(credential, issuers) {
  const { fields = {}, expires = {} } = credential ?? {};
  return {
    name: fields.name ?? "",
    description: fields.description ?? "",
    issuer: credential?.issuerId ?? issuers[0]?.entityId ?? "",
    credentialType: credential?.type ?? TYPES[0],
    amount: expires.amount ?? "",
    duration: expires.duration ?? "months",
    tags: (credential?.tags ?? []).join(", "),
    public: credential?.public ?? true,
  };
}

// The fields that differ, or all of a new one.
function writeBody(draft, before) {
  const differs = (...names) => !before || names.some((name) => String(before[name]) !== String(draft[name]));
  const body = {};
  for (const name of ["name", "description", "issuer", "credentialType", "public"]) {
    if (differs(name)) body[name] = draft[name];
  }
  if (differs("tags")) body.tags = draft.tags.split(",").map((tag) => tag.trim()).filter(Boolean);
  if (before ? differs("amount", "duration") : draft.amount) {
    body.expires = draft.amount ? { amount: Number(draft.amount), duration: draft.duration } : { amount: null, duration: null };
  }
  return body;
}

export function upload(user, file, name) {
  const form = new FormData();
  form.append("name", name || file.name);
  form.append("image", file);
  return callApi(user, "POST", "images/", form);
}
