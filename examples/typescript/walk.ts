/**
 * Walks through the credentials API with a client whose types are generated from the contract:
 * list, create, change, every page, a refusal, delete. It fails where anything is not as expected.
 *
 * CREDENTIALS_URL is the address of a deployment or of a sandbox, CREDENTIALS_KEY a platform
 * admin's key.
 */

import createClient from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";

type Schemas = components["schemas"];

const PAGE_SIZE = 4;

function fail(message: string): never {
  throw new Error(message);
}

function expect(condition: boolean, message: string): asserts condition {
  if (!condition) fail(message);
}

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (value) return value;
  console.error(`walk: ${name} is not set`);
  process.exit(2);
}

const baseUrl = fromEnvironment("CREDENTIALS_URL").replace(/\/+$/, "");
const path = { org: "main", user_id: "1" };
const client = createClient<paths>({
  baseUrl,
  headers: { Authorization: `Api-Key ${fromEnvironment("CREDENTIALS_KEY")}` },
});

async function page(number: number): Promise<Schemas["CredentialPage"]> {
  const { data, response } = await client.GET("/api/credentials/orgs/{org}/users/{user_id}/", {
    params: { path, query: { page: number, page_size: PAGE_SIZE } },
  });
  expect(data !== undefined, `page ${number} is ${response.status}`);
  return data.result;
}

async function create(issuer: string): Promise<Schemas["Credential"]> {
  const { data, response } = await client.POST("/api/credentials/orgs/{org}/users/{user_id}/", {
    params: { path },
    body: {
      name: "Typed in TypeScript",
      issuer,
      credentialType: "CERTIFICATE",
      expires: { amount: 12, duration: "months" },
      tags: ["typescript"],
    },
  });
  expect(data !== undefined, `the create is ${response.status}`);
  return data.result;
}

async function rename(entity_id: string, name: string): Promise<void> {
  const { response } = await client.PUT(
    "/api/credentials/orgs/{org}/users/{user_id}/{entity_id}",
    { params: { path: { ...path, entity_id } }, body: { name } },
  );
  expect(response.ok, `the update is ${response.status}`);
}

async function retrieve(entity_id: string): Promise<Schemas["Credential"] | undefined> {
  const { data, response } = await client.GET(
    "/api/credentials/orgs/{org}/users/{user_id}/{entity_id}",
    { params: { path: { ...path, entity_id } } },
  );
  expect(response.ok || response.status === 404, `the retrieve is ${response.status}`);
  return data?.result;
}

async function remove(entity_id: string): Promise<void> {
  const { response } = await client.DELETE(
    "/api/credentials/orgs/{org}/users/{user_id}/{entity_id}",
    { params: { path: { ...path, entity_id } } },
  );
  expect([200, 204].includes(response.status), `the delete is ${response.status}`);
}

/** Sends what the types allow and validation does not; returns the errors by field. */
async function refused(issuer: string): Promise<Schemas["ValidationErrors"]> {
  const { error, response } = await client.POST("/api/credentials/orgs/{org}/users/{user_id}/", {
    params: { path },
    body: { name: "", issuer, expires: { amount: 2147483648 } },
  });
  expect(response.status === 400, `the create without a name is ${response.status}`);
  expect(error !== undefined, "the refusal has no body");
  if (typeof error === "string" || "detail" in error) fail("the refusal names no field");
  return error;
}

/** Follows `next` from the first page on; returns the ids of all credentials, page by page. */
async function walkPages(): Promise<string[][]> {
  const first = await page(1);
  const pages: string[][] = [];
  for (let here = first; ; ) {
    expect(here.count === first.count, `the count is ${here.count} after ${first.count}`);
    pages.push(here.data.map((each) => each.entityId));
    if (here.next === null) break;
    expect(here.next.startsWith(`${baseUrl}/`), `next leads away, to ${here.next}`);
    here = await page(Number(new URL(here.next).searchParams.get("page")));
    expect(here.page_number === pages.length + 1, `next leads to page ${here.page_number}`);
  }
  const ids = pages.flat();
  expect(pages.length === first.num_pages, `${pages.length} of ${first.num_pages} pages`);
  expect(ids.length === first.count, `${ids.length} of ${first.count} credentials`);
  expect(new Set(ids).size === ids.length, "a credential is on two pages");
  return pages;
}

async function main(): Promise<void> {
  const before = await page(1);
  const issuer = before.data[0]?.issuerDetails.entityId ?? fail("there are no credentials");
  console.log(`list: ${before.count} credentials`);

  const { entityId, expires } = await create(issuer);
  expect(expires.amount === 12 && expires.duration === "months", "the period was not kept");
  console.log(`create: ${entityId}`);

  await rename(entityId, "Typed in TypeScript II");
  const renamed = await retrieve(entityId);
  expect(renamed?.name === "Typed in TypeScript II", `the name is ${renamed?.name}`);
  console.log(`update: ${renamed.name}`);

  const pages = await walkPages();
  const ids = pages.flat();
  expect(ids.includes(entityId), "the new credential is on no page");
  expect(ids.length === before.count + 1, `${ids.length} credentials after ${before.count}`);
  console.log(`pages: ${pages.length}`);

  const { name, expires: period } = await refused(issuer);
  expect(Array.isArray(name), "the refusal says nothing of the name");
  expect(period !== undefined && !Array.isArray(period), "nor of a part of the period");
  console.log(`refusal: name: ${name}; expires.amount: ${period["amount"]}`);

  await remove(entityId);
  expect((await retrieve(entityId)) === undefined, "the credential is still there");
  console.log(`delete: ${entityId}`);
  console.log(`ok: ${ids.length} credentials on ${pages.length} pages`);
}

main().catch((error: unknown) => {
  console.error(`walk: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
});
