// What the page does: one action after the other, in the order of the clicks, each with a word of
// what came of it and, where something was replaced, a way back.

import { computed, signal } from "./html.js";
import { callApi, control } from "./calls.js";
import { params } from "./address.js";
import { overview } from "./live.js";

export const notice = signal(null);
export const busy = signal("");

let lastAction = Promise.resolve();
const chosen = signal(null);

export const platform = computed(() => {
  const { platforms = [] } = overview.value ?? {};
  return platforms.find(({ key }) => key === params.value.platform)?.key ?? platforms[0]?.key ?? "";
});

// Who acts: the user that was chosen, or else the first platform admin whose key is valid.
export const actor = computed(() => {
  const here = (overview.value?.users ?? []).filter((user) => user.platform === platform.value);
  const admins = here.filter(({ role }) => role === "platform-admin");
  const usable = ({ keyIsActive }) => keyIsActive;
  return here.find(({ id }) => id === chosen.value) ?? admins.find(usable) ?? admins[0] ?? here[0];
});

export function actAs(id) {
  chosen.value = id;
}

export function say(text, extra = {}) {
  notice.value = { text, id: (notice.value?.id ?? 0) + 1, ...extra };
}

export function complain(error) {
  say(error.message, { isProblem: true });
}

// Run an action after those before it. A refusal is said, unless `catches` takes it, and undefined
// is returned.
export function act(words, work, { while: label = words, catches, ...extra } = {}) {
  const run = async () => {
    busy.value = label;
    try {
      const result = await work();
      if (words) say(typeof words === "function" ? words(result) : words, extra);
      return result ?? true;
    } catch (error) {
      if (catches) catches(error);
      else complain(error);
      return undefined;
    } finally {
      busy.value = "";
    }
  };
  lastAction = lastAction.then(run);
  return lastAction;
}

export const change = (words, method, path, body, extra) =>
  act(words, () => control(method, path, body), extra);

// Call the API as the one who acts; the notice leads to the request in the journal.
export function actByApi(words, method, path, body, extra) {
  const user = actor.value;
  const request = { method, path };
  return act(words, () => callApi(user, method, path, body), { request, ...extra });
}

export function undo() {
  return change("Undone: records, scenario, clock and faults are as before.", "POST", "state/undo");
}

export async function copy(text, name = "") {
  try {
    await navigator.clipboard.writeText(text);
    say(`Copied ${name || (text.length > 70 ? `${text.slice(0, 70)}…` : text)}`);
  } catch {
    say(`The browser does not allow copying. Copy this text: ${text}`, { isProblem: true });
  }
}
