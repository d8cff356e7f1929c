// The page: what is around the views, and the view that the address names.

import { html, render, useEffect } from "./html.js";
import { view, VIEWS } from "./address.js";
import { follow, overview, state } from "./live.js";
import { busy } from "./actions.js";
import { Notice, TopBar, Views } from "./frame.js";
import { Requests } from "./requests.js";
import { Credentials } from "./credentials.js";
import { Learners } from "./learners.js";
import { Faults } from "./faults.js";
import { Connect } from "./connect.js";

const SHOWN = {
  requests: Requests,
  credentials: Credentials,
  learners: Learners,
  faults: Faults,
  connect: Connect,
};

function App() {
  const isReady = state.value && overview.value;
  const { title } = VIEWS.find(({ name }) => name === view.value);
  useEffect(() => {
    const sandbox = overview.value?.sandbox ?? "default";
    document.title = `${title} · ${sandbox === "default" ? "" : `${sandbox} · `}credmock`;
  }, [title, isReady]);
  if (!isReady) return html`<p class="loading" role="status">Loading the sandbox…</p>`;
  const View = SHOWN[view.value];
  const skip = (event) => {
    event.preventDefault();
    document.querySelector("main").focus();
  };
  return html`<a class="skip" href="#main" onClick=${skip}>Skip to ${title}</a>
    <${TopBar} /><${Views} />
    <main id="main" tabindex="-1" aria-label=${title} aria-busy=${Boolean(busy.value)} data-view=${view.value}><${View} /></main>
    <${Notice} />`;
}

const root = document.querySelector("#app");
root.replaceChildren();
render(html`<${App} />`, root);
follow();
