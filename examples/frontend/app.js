// The page: which list is shown, and what its buttons do.

import { connect } from "./api.js";
import { edit } from "./editor.js";
import { readSettings, writeSettings } from "./settings.js";
import { card, clearProblem, element, showProblem, shownName } from "./view.js";

const find = (selector) => document.querySelector(selector);
const [cards, pager, problem, status] = ["#cards", "#pager", "#problem", "#status"].map(find);
const PAGE_SIZE = 12;

let settings = readSettings();
let api = connect(settings);
let shown = { search: "", page: 1 };
let running = null;

// Show a page of the list; `news` is said in front of the number of credentials.
async function show(next = {}, news = "") {
  shown = { ...shown, ...next };
  running?.abort();
  const request = (running = new AbortController());
  cards.setAttribute("aria-busy", "true");
  try {
    const page = await api.list({ ...shown, page_size: PAGE_SIZE }, request.signal);
    draw(page, news);
  } catch (error) {
    if (error.name === "AbortError") return;
    // The last credential of the last page was deleted, here or elsewhere.
    if (error.status === 404 && error.detail === "Invalid page." && shown.page > 1) {
      await show({ page: shown.page - 1 }, news);
      return;
    }
    cards.replaceChildren();
    pager.hidden = true;
    status.textContent = "";
    showProblem(problem, error, () => show());
  }
  if (request === running) cards.removeAttribute("aria-busy");
}

function draw(page, news) {
  clearProblem(problem);
  const total = page.count === 1 ? "1 credential" : `${page.count} credentials`;
  status.textContent = [news, shown.search ? `${total} for “${shown.search}”.` : `${total}.`].filter(Boolean).join(" ");
  const nothing = shown.search ? "Nothing found. Try fewer letters." : "No credentials yet. Create the first one.";
  cards.replaceChildren(
    ...page.data.map((credential) =>
      card(credential, { onedit: () => change(credential), ondelete: () => remove(credential) }),
    ),
    ...(page.data.length ? [] : [element("li", { class: "nothing muted" }, nothing)]),
  );
  pager.hidden = page.num_pages < 2;
  find("#position").textContent = `Page ${page.page_number} of ${page.num_pages}`;
  find("#previous").disabled = !page.previous;
  find("#next").disabled = !page.next;
}

async function change(credential) {
  let saved;
  try {
    saved = await edit(api, credential);
  } catch (error) {
    showProblem(problem, error, () => change(credential));
    return;
  }
  if (!saved) return;
  if (credential) await show({}, `Saved ${shownName(saved)}.`);
  else {
    find("#search").value = "";
    await show({ search: "", page: 1 }, `Created ${shownName(saved)}.`);
  }
  // The button that was pressed is gone with its card.
  (find(`[data-id="${saved.entityId}"] button`) ?? find("#list-heading")).focus();
}

function remove(credential) {
  const dialog = find("#confirm");
  const form = dialog.querySelector("form");
  const slot = dialog.querySelector(".problem-slot");
  const button = form.querySelector("[type=submit]");
  find("#confirm-text").textContent = `${shownName(credential)} will be gone for everybody.`;
  clearProblem(slot);
  form.onsubmit = async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    try {
      await api.remove(credential.entityId);
      dialog.close();
      await show({}, `Deleted ${shownName(credential)}.`);
      find("#list-heading").focus();
    } catch (error) {
      showProblem(slot, error);
    } finally {
      button.disabled = false;
    }
  };
  dialog.showModal();
}

function turn(step) {
  find("#list-heading").focus();
  show({ page: shown.page + step });
}

function openSettings() {
  const form = find("#settings form");
  for (const [name, value] of Object.entries(settings)) form.elements[name].value = value;
  form.onsubmit = () => {
    settings = Object.fromEntries(new FormData(form));
    writeSettings(settings);
    api = connect(settings);
    show({ page: 1 });
  };
  find("#settings").showModal();
}

find("#search-form").addEventListener("submit", (event) => event.preventDefault());
find("#search").addEventListener("input", (event) => show({ search: event.target.value.trim(), page: 1 }));
find("#new").addEventListener("click", () => change(null));
find("#previous").addEventListener("click", () => turn(-1));
find("#next").addEventListener("click", () => turn(1));
find("#open-settings").addEventListener("click", openSettings);
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
show();
