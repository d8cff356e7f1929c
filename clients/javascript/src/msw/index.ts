// Handlers for MSW, for Vitest and Storybook: the credentials API without a server.

import { http, type HttpHandler } from "msw";
import { defaultWorld } from "../generated/data.js";
import { type Auth, answer } from "./service.js";
import { Store } from "./store.js";
import type { WorldDocument } from "./types.js";

export type { WorldDocument } from "./types.js";

export interface MockApiOptions {
  /** Where the application looks for the service; by default any address. */
  url?: string;
  /** A world document of `credmock ctl export`; by default the mock's own world. */
  world?: WorldDocument | Record<string, unknown>;
  /** As `credmock serve --auth`: the keys of the world, any key, or none. */
  auth?: Auth;
}

/** A request that the handlers have answered; the body is JSON where it is JSON, or else text. */
export interface ReceivedRequest {
  method: string;
  path: string;
  body: unknown;
  status: number;
}

const MOST_REQUESTS = 500;

export interface MockApi {
  handlers: HttpHandler[];
  /** The last 500 requests, the oldest first. */
  readonly requests: readonly ReceivedRequest[];
  /** Go back to the records of the beginning, and forget the requests. */
  reset(): void;
  /** Remove all credentials and everything about them. */
  clear(): void;
  /** Return all records as a world document, for `credmock ctl load` too. */
  export(): WorldDocument;
  /** Replace all records by those of a world document. */
  load(world: WorldDocument | Record<string, unknown>): void;
}

/** Return handlers of the credentials API, and the records that they serve. */
export function createMockApi(options: MockApiOptions = {}): MockApi {
  const world = (options.world ?? defaultWorld) as WorldDocument;
  let store = new Store(world);
  const base = (options.url ?? "*").replace(/\/+$/, "");
  const requests: ReceivedRequest[] = [];
  const handlers = [
    http.all(`${base}/api/credentials/*`, async ({ request }) => {
      const sent = await request.clone().text();
      const response = await answer(request, store, options.auth ?? "keys");
      const { pathname, search } = new URL(request.url);
      requests.push({ method: request.method, path: pathname + search, body: parse(sent), status: response.status });
      if (requests.length > MOST_REQUESTS) requests.shift();
      return response;
    }),
  ];
  return {
    handlers,
    requests,
    reset: () => {
      store = new Store(world);
      requests.length = 0;
    },
    clear: () => {
      const empty = { credentials: [], assertions: [], assignments: [], external_mappings: [] };
      store = new Store({ ...store.world, ...empty });
    },
    export: () => structuredClone(store.world),
    load: (document) => void (store = new Store(document as WorldDocument)),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
