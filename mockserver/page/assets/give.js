// Give credentials: one to several users, or several to one. Assignments issue at once, also what is
// attached to no course.

import { html, useEffect, useState } from "./html.js";
import { act, actor } from "./actions.js";
import { callApi, read } from "./calls.js";
import { overview } from "./live.js";
import { Badge, Button, Chip, Dialog, Icon, plural, Problem } from "./parts.js";

const PRIVATE_ONES = 3;

export function GiveDialog({ credential, user, held = [], platform, onClose }) {
  const [found, setFound] = useState([]);
  const [chosen, setChosen] = useState([]);
  const [fresh, setFresh] = useState(0);
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");
  useEffect(() => {
    if (!user) return;
    read("credentials", { platform, search: text }).then(({ cards }) => setFound(cards), () => setFound([]));
  }, [text]);
  const people = overview.value.users.filter((each) => each.platform === platform && each.active);
  const options = user
    ? found.map((card) => ({ id: card.entityId, name: card.name, card }))
    : people.map((each) => ({ id: each.id, name: `${each.name}, ${each.role}` }));
  const toggle = (id) => setChosen(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);

  const pickPrivate = async () => {
    const { cards } = await read("credentials", { platform, public: "false" });
    const owned = new Set(held.map((badge) => badge.credential));
    const free = cards.filter((card) => !owned.has(card.entityId)).slice(0, PRIVATE_ONES);
    setFound([...free, ...found.filter((card) => !free.some((each) => each.entityId === card.entityId))]);
    setChosen(free.map((card) => card.entityId));
    setFresh(PRIVATE_ONES - free.length);
  };

  const give = async () => {
    const count = chosen.length + fresh;
    const words = user ? `Gave ${plural(count, "badge")} to ${user.name}.` : `Issued ${credential.name} to ${plural(count, "user")}.`;
    const work = () => (user ? giveSeveral(platform, chosen, fresh, user) : assign(credential.entityId, chosen));
    const request = { method: "POST", path: "assignments/users/" };
    const catches = (error) => setProblem(error.message);
    if (await act(words, work, { while: "Issuing…", request, catches })) onClose();
  };

  const title = user ? `Give badges to ${user.name}` : `Issue ${credential.name}`;
  return html`<${Dialog} title=${title} onClose=${onClose}>
    ${user && html`<div class="tools flat">
      <label class="search"><${Icon} name="search" /><span class="unseen">Search credentials</span>
        <input type="search" value=${text} onInput=${({ target }) => setText(target.value)} placeholder="Search credentials" /></label>
      <${Button} icon="eye-off" onClick=${pickPrivate}>Pick three private ones</${Button}></div>`}
    <ul class="choices picks">
      ${Array.from({ length: fresh }, (_, index) => html`<li key=${`new-${index}`}><span class="pick"><${Icon} name="plus" />
        <b>A new private credential</b></span></li>`)}
      ${options.map(({ id, name, card }) => html`<li key=${id}><label class="pick">
        <input type="checkbox" checked=${chosen.includes(id)} onChange=${() => toggle(id)} />
        ${card && html`<${Badge} image=${card.image} name=${card.name} size="small" />`}<b>${name}</b>
        ${card && !card.public && html`<${Chip} kind="private"><${Icon} name="eye-off" /> private</${Chip}>`}</label></li>`)}
    </ul>
    <${Problem}>${problem}</${Problem}>
    <p class="muted">Sent to the API as ${actor.value?.name}, ${actor.value?.role}.</p>
    <div class="buttons end"><${Button} onClick=${onClose}>Cancel</${Button}>
      <${Button} kind="main" icon="award" disabled=${chosen.length + fresh === 0} onClick=${give}>
        ${user ? `Give ${chosen.length + fresh || ""}` : `Issue to ${chosen.length || ""}`}</${Button}></div>
  </${Dialog}>`;
}

async function giveSeveral(platform, chosen, fresh, user) {
  const ids = [...chosen];
  const issuer = overview.value.issuers.find((each) => each.platform === platform);
  for (let number = 1; number <= fresh; number += 1) {
    const body = { name: `Private badge ${number} of ${user.name}`, issuer: issuer?.entityId, public: false };
    ids.push((await callApi(actor.value, "POST", "", body)).result.entityId);
  }
  for (const id of ids) await assign(id, [user.id]);
}

function assign(credentialId, userIds) {
  const body = { credential_id: credentialId, user_ids: userIds };
  return callApi(actor.value, "POST", "assignments/users/", body);
}
