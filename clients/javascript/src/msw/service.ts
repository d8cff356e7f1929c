// The credentials API without a server: a request in, a response out, and records in between.

import { contract } from "../generated/data.js";
import { ApiError, denied, json, missing, unauthenticated, unsupported } from "./errors.js";
import { forced } from "./prefer.js";
import { Store } from "./store.js";
import type { Credential, Fields, Operation, Platform, User } from "./types.js";
import { readFields } from "./validation.js";

const RELEASE = "3.59";
const ROOT = "/api/credentials/";
const SCHEMES = new Set(["api-key", "api-token", "token", "bearer"]);
const ADMINS = ["platform-admin", "department-admin"];
const FORMS = ["application/x-www-form-urlencoded", "multipart/form-data"];
const PAGE_SIZE = { default: 10, maximum: 100 };
const served = contract.operations.filter((each) => each.since === RELEASE);

export type Auth = "keys" | "any" | "off";

interface Call {
  request: Request;
  url: URL;
  /** The address of the service, as the client has it. */
  base: string;
  path: string;
  values: Record<string, string>;
  store: Store;
}

interface Admitted extends Call {
  platform: Platform;
  role: string;
}

type Handler = (call: Admitted) => Promise<Response> | Response;

const HANDLERS: Record<string, Handler> = {
  credentials_orgs_users_retrieve: listCredentials,
  credentials_orgs_users_create: createCredential,
  credentials_orgs_users_retrieve_2: ({ store, base, ...call }) =>
    envelope(store.render(findCredential({ store, base, ...call }), base)),
  credentials_orgs_users_update: updateCredential,
  credentials_orgs_users_destroy: deleteCredential,
};

/** Answer a request to the API as the mock does, out of the records of a store. */
export async function answer(request: Request, store: Store, auth: Auth): Promise<Response> {
  const url = new URL(request.url);
  const at = url.pathname.lastIndexOf(ROOT);
  const call = { request, url, base: url.origin + url.pathname.slice(0, at), path: url.pathname.slice(at), values: {}, store };
  const found = at < 0 ? [] : served.flatMap((operation) => matches(operation, call.path));
  // Of two paths that fit, the one with fewer parameters counts, as `issuers/` beside an id.
  const fewest = Math.min(...found.map(({ values }) => Object.keys(values).length));
  const methods = found.filter(({ values }) => Object.keys(values).length === fewest);
  if (!methods.length) return redirectOrNotFound(call, at >= 0);
  const chosen = methods.find(({ operation }) => operation.method === request.method);
  return await forced(request, chosen?.operation, async () => {
    const response = await serve({ ...call, values: methods[0]?.values ?? {} }, chosen?.operation, auth).catch(refuse);
    if (response.status !== 501) response.headers.set("Allow", allow(methods.map(({ operation }) => operation.method)));
    return response;
  });
}

function refuse(error: unknown): Response {
  if (error instanceof ApiError) return error.response();
  throw error;
}

async function serve(call: Call, operation: Operation | undefined, auth: Auth): Promise<Response> {
  if (["HEAD", "OPTIONS"].includes(call.request.method)) throw unsupported(call.request.method);
  if (operation && !HANDLERS[operation.id]) throw unsupported(operation.id);
  acceptJson(call);
  const user = identify(call.request.headers.get("Authorization"), call.store, auth);
  const name = call.url.searchParams.getAll("platform_org").at(-1) || call.values["org"] || "";
  const platform = call.store.findPlatform(name);
  if (!platform) throw missing("Platform");
  const role = user?.role ?? "platform-admin";
  const roles = operation ? operation.roles : ADMINS;
  const isForeign = user !== undefined && user.platform !== platform.key;
  if (isForeign || (user && roles && !roles.includes(role))) throw denied(operation?.denied);
  if (!operation) throw new ApiError(405, `Method "${call.request.method}" not allowed.`);
  if (!call.store.findUser(platform.key, call.values["user_id"] ?? "")) throw missing("User");
  const handler = HANDLERS[operation.id] as Handler;
  return await handler({ ...call, platform, role });
}

function matches(operation: Operation, path: string): { operation: Operation; values: Record<string, string> }[] {
  const steps = operation.path.split("/");
  const given = path.split("/");
  if (steps.length !== given.length) return [];
  const values: Record<string, string> = {};
  for (const [index, step] of steps.entries()) {
    const text = given[index] ?? "";
    const name = /^\{(.+)\}$/.exec(step)?.[1];
    if (name && text) values[name] = decode(text);
    else if (name || step !== text) return [];
  }
  return [{ operation, values }];
}

function redirectOrNotFound(call: { url: URL; path: string }, isApi: boolean): Response {
  const withSlash = isApi && served.some((operation) => matches(operation, `${call.path}/`).length);
  if (withSlash) {
    const headers = { Location: `${call.url.pathname}/${call.url.search}`, "Content-Type": "text/html; charset=utf-8" };
    return new Response("", { status: 301, headers });
  }
  const page = "<!doctype html><title>Not Found</title><h1>Not Found</h1>";
  return new Response(page, { status: 404, headers: { "Content-Type": "text/html; charset=utf-8" } });
}

function allow(methods: string[]): string {
  const order = ["GET", "POST", "PUT", "DELETE"].filter((each) => methods.includes(each));
  return [...order, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"].join(", ");
}

function acceptJson({ request, url }: Call): void {
  const format = url.searchParams.getAll("format").at(-1);
  if (format && format !== "json") throw new ApiError(404, "Not found.");
  const ranges = (request.headers.get("Accept") ?? "*/*").split(",").map((each) => each.split(";")[0]?.trim().toLowerCase());
  if (!ranges.some((each) => each === "*/*" || each === "application/*" || each === "application/json")) {
    throw new ApiError(406, "Could not satisfy the request Accept header.");
  }
}

/** Return who calls; undefined for a caller who may do everything. */
function identify(authorization: string | null, store: Store, auth: Auth): User | undefined {
  if (auth === "off") return undefined;
  const [first, ...rest] = (authorization ?? "").split(/\s+/).filter(Boolean);
  if (!first) throw unauthenticated();
  if (auth === "any") return undefined;
  let key = first;
  if (SCHEMES.has(first.toLowerCase())) {
    if (!rest[0]) throw unauthenticated("Invalid token header. No credentials provided.");
    if (rest.length > 1) throw unauthenticated("Invalid token header. Token string should not contain spaces.");
    key = rest[0];
  } else if (rest.length) throw unauthenticated();
  const found = store.world.api_keys.find((each) => each.key === key);
  const user = store.world.users.find((each) => each.id === found?.user_id);
  if (!found || !user) throw unauthenticated("Invalid token.");
  if (found.active === false || !user.active) throw unauthenticated("User inactive or deleted.");
  return user;
}

function listCredentials({ store, url, base, platform }: Admitted): Response {
  const get = (name: string): string => url.searchParams.getAll(name).at(-1) ?? "";
  const filters = { search: get("search"), course: get("course"), program: get("program") };
  const found = store.list(platform.key, filters);
  const sent = integer(get("page_size"));
  const size = sent && sent > 0 ? Math.min(sent, PAGE_SIZE.maximum) : PAGE_SIZE.default;
  const pages = Math.max(1, Math.ceil(found.length / size));
  const page = get("page") === "last" ? pages : integer(get("page") || "1");
  if (page === undefined || page < 1 || page > pages) throw new ApiError(404, "Invalid page.");
  const link = (number: number | null): string => linkTo(url, base, number);
  return envelope({
    next: page < pages ? link(page + 1) : null,
    previous: page > 1 ? link(page > 2 ? page - 1 : null) : null,
    count: found.length,
    num_pages: pages,
    page_number: page,
    max_page_size: PAGE_SIZE.maximum,
    data: found.slice((page - 1) * size, page * size).map((each) => store.render(each, base)),
  });
}

/** Read a number as Python's `int` does; undefined for what is none. */
function integer(text: string): number | undefined {
  return /^\s*[+-]?\d+(_\d+)*\s*$/.test(text) ? Number(text.replaceAll("_", "")) : undefined;
}

/** Return the address of another page of a list; without a number that of the first one. */
function linkTo(url: URL, base: string, page: number | null): string {
  const pairs = [...url.searchParams].filter(([name]) => name !== "page");
  if (page !== null) pairs.unshift(["page", String(page)]);
  pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const query = new URLSearchParams(pairs).toString().replaceAll("*", "%2A").replaceAll("%7E", "~");
  return `${base}${url.pathname.slice(url.pathname.lastIndexOf(ROOT))}${query ? `?${query}` : ""}`;
}

async function createCredential(call: Admitted): Promise<Response> {
  const body = await readBody(call, false);
  return envelope(call.store.render(call.store.create(call.platform.key, body), call.base), "Created");
}

async function updateCredential(call: Admitted): Promise<Response> {
  const old = findCredential(call);
  const body = await readBody(call, true);
  return envelope(call.store.render(call.store.update(old, body), call.base), "Updated");
}

function deleteCredential(call: Admitted): Response {
  const credential = findCredential(call);
  if (call.store.isHeld(credential)) {
    throw new ApiError(409, "This credential has active assertions and cannot be deleted.");
  }
  call.store.remove(credential);
  return new Response(null, { status: 204 });
}

function findCredential({ store, values, platform, role }: Admitted): Credential {
  const credential = store.find(values["entity_id"] ?? "");
  const isVisible = credential && credential.platform === platform.key;
  if (!isVisible || (credential.public === false && !ADMINS.includes(role))) throw missing("Credential");
  return credential;
}

async function readBody({ request, store, platform }: Admitted, partial: boolean): Promise<Fields> {
  const content = request.headers.get("Content-Type") ?? "";
  const media = content.split(";")[0]?.trim().toLowerCase() ?? "";
  const bytes = new Uint8Array(await request.arrayBuffer());
  const exists = (collection: string, value: unknown): boolean => store.exists(platform.key, collection, value);
  if (bytes.length && FORMS.includes(media)) throw unsupported("forms");
  if (bytes.length && media !== "application/json") {
    throw new ApiError(415, `Unsupported media type "${content}" in request.`);
  }
  const body = bytes.length ? parseJson(bytes) : {};
  if (body === null) throw new ApiError(400, { non_field_errors: ["No data provided"] });
  return readFields(contract.credential, body, exists, partial);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new ApiError(400, `JSON parse error - ${(error as Error).message}`);
  }
}

function envelope(result: unknown, description = "Ok"): Response {
  return json({ status: { success: true, description }, result });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
