// The form that creates or changes a credential, with the server's messages beside its fields.

import { clearProblem, element, showProblem } from "./view.js";

const dialog = document.querySelector("#editor");
const form = dialog.querySelector("form");
const slot = dialog.querySelector(".problem-slot");
const save = form.querySelector("[type=submit]");
const preview = form.querySelector("#preview");
// The server's names of fields, where the form's differ.
const INPUTS = { "expires.amount": "amount", "expires.duration": "duration", image: "badge", icon_image_id: "badge" };

form.badge.addEventListener("change", () => {
  const [file] = form.badge.files;
  showPreview(file ? URL.createObjectURL(file) : null);
});

// Ask for the values and send them; resolves with what was saved, or null where it was cancelled.
export async function edit(api, credential) {
  const issuers = await api.issuers();
  fill(credential, issuers);
  const before = values();
  return new Promise((resolve) => {
    let saved = null;
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (save.disabled) return;
      save.disabled = true;
      forgetErrors();
      try {
        saved = await send(api, credential, before);
        dialog.close();
      } catch (error) {
        showErrors(error);
      } finally {
        save.disabled = false;
      }
    };
    dialog.onclose = () => resolve(saved);
    dialog.showModal();
    form.elements.name.focus();
  });
}

async function send(api, credential, before) {
  const now = values();
  // A change sends what changed only, so that nobody else's change is undone.
  const fields = credential
    ? Object.fromEntries(Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name])))
    : now;
  const [file] = form.badge.files;
  if (file) fields.icon_image_id = (await api.upload(file)).id;
  return credential ? api.update(credential.entityId, fields) : api.create(fields);
}

function fill(credential, issuers) {
  form.reset();
  forgetErrors();
  document.querySelector("#editor-title").textContent = credential ? "Edit credential" : "New credential";
  form.issuer.replaceChildren(
    element("option", { value: "" }, "Choose an issuer"),
    ...issuers.map((issuer) => element("option", { value: issuer.entityId }, issuer.name)),
  );
  showPreview(credential?.iconImage ?? null);
  form.public.checked = true; // only public credentials are listed
  if (!credential) return;
  form.elements.name.value = credential.name;
  form.issuer.value = credential.issuerDetails.entityId;
  form.description.value = credential.description ?? "";
  choose(form.credentialType, credential.credentialType);
  form.amount.value = credential.expires.amount ?? "";
  if (credential.expires.duration) choose(form.duration, credential.expires.duration);
  form.criteriaUrl.value = credential.criteriaUrl ?? "";
  form.tags.value = (credential.tags ?? []).join(", ");
}

// Types and units are open: a value that is not offered is offered from now on.
function choose(select, value) {
  if (![...select.options].some((option) => option.value === value)) select.add(new Option(value, value));
  select.value = value;
}

function values() {
  const amount = form.amount.value.trim();
  const tags = form.tags.value.split(",").map((tag) => tag.trim());
  return {
    name: form.elements.name.value,
    issuer: form.issuer.value,
    description: form.description.value || null,
    credentialType: form.credentialType.value,
    expires: amount ? { amount, duration: form.duration.value } : { amount: null, duration: null },
    criteriaUrl: form.criteriaUrl.value || null,
    tags: tags.filter(Boolean),
    public: form.public.checked,
  };
}

function showErrors(error) {
  const other = [];
  let first = null;
  for (const [field, messages] of Object.entries(error.fields ?? {})) {
    const input = form.elements[INPUTS[field] ?? field.split(".")[0]];
    if (!input) {
      other.push(...messages);
      continue;
    }
    const id = `${input.id}-error`;
    input.closest(".field").append(element("p", { class: "field-error", id }, messages.join(" ")));
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", id);
    first ??= input;
  }
  if (other.length) error.detail = other.join(" ");
  showProblem(slot, error, first || error.status === 403 ? null : () => form.requestSubmit());
  first?.focus();
}

function forgetErrors() {
  clearProblem(slot);
  for (const message of form.querySelectorAll(".field-error")) message.remove();
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

function showPreview(address) {
  if (preview.src.startsWith("blob:")) URL.revokeObjectURL(preview.src);
  preview.hidden = !address;
  if (address) preview.src = address;
  else preview.removeAttribute("src");
}
