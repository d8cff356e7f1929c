// The handlers of credmock/msw beside the mock: the same requests have the same responses.

import { createMockApi } from "credmock/msw";
import { expect, test } from "credmock/vitest";
import { type SetupServerApi, setupServer } from "msw/node";

const HERE = "http://msw.test/dm";
const COLLECTION = "/api/credentials/orgs/main/users/1/";
const ISSUER = "ZgX7idonTTq1HJFA4yAXpg";

interface Sent {
  method?: string;
  path?: string;
  key?: string | null;
  headers?: Record<string, string>;
  body?: unknown;
}

interface Received {
  status: number;
  headers: Record<string, string | null>;
  body: unknown;
}

const HEADERS = ["allow", "content-type", "location", "preference-applied", "retry-after", "www-authenticate"];

async function send(base: string, sent: Sent): Promise<Received> {
  const { method = "GET", path = "", key = "Api-Key main-admin-key", headers = {}, body } = sent;
  const all: Record<string, string> = { ...(key ? { Authorization: key } : {}), ...headers };
  if (body !== undefined) all["Content-Type"] ??= "application/json";
  const response = await fetch(base + (path.startsWith("/") ? path : COLLECTION + path), {
    method,
    headers: all,
    redirect: "manual",
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = (await response.text()).replaceAll(base, "BASE");
  const isJson = response.headers.get("content-type") === "application/json";
  const found = HEADERS.map((name) => [name, response.headers.get(name)?.replace(new URL(base).pathname, "") ?? null]);
  return { status: response.status, headers: Object.fromEntries(found), body: isJson ? JSON.parse(text) : "" };
}

/** Replace what differs between any two worlds: ids and times of new records, texts of another parser. */
function normalize(received: Received): Received {
  const body = JSON.stringify(received.body)
    .replace(/"entityId":"[\w-]{22}","name":"made/g, '"entityId":"ID","name":"made')
    .replace(/"createdAt":"20(2[6-9]|[3-9])[^"]*"/g, '"createdAt":"NOW"')
    .replace(/"JSON parse error - .*"/, '"JSON parse error"');
  return { ...received, body: JSON.parse(body) };
}

/** Return where two JSON values differ, in words. */
function differ(expected: unknown, got: unknown, place: string): string[] {
  if (typeof expected !== "object" || typeof got !== "object" || expected === null || got === null) {
    return expected === got ? [] : [`${place}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`];
  }
  if (Array.isArray(expected) !== Array.isArray(got)) return [`${place}: one is an array`];
  const [one, other] = [expected as Record<string, unknown>, got as Record<string, unknown>];
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return names.flatMap((name) => differ(one[name], other[name], `${place} /${name}`));
}

const made = { name: "made here", issuer: ISSUER };
const post = (body: unknown, headers = {}): Sent => ({ method: "POST", body, headers });
const put = (body: unknown): Sent => ({ method: "PUT", path: "QqLpDLD1TxaF8LMBkAd7HQ", body });

const REQUESTS: Sent[] = [
  {},
  ...["?page=2", "?page=last", "?page=last&page_size=7&b=%20~*", "?page=0", "?page=x", "?page=", "?page=99", "?page=+2"],
  ...["?page_size=0", "?page_size=1000", "?page_size=-1", "?page_size=3&page=3&page_size=4", "?search=python&page_size=2"],
  ...["?search=PYTHON", "?search=zzz", "?search=%C3%A9", "?course=course-v1%3Amain%2BPY101%2B2026", "?course=none"],
  ...["?program=program-data-analyst", "?course=course-v1%3Amain%2BPY101%2B2026&program=program-data-analyst&search=a"],
  ...["?platform_org=main", "?platform_org=acme", "?platform_org=nowhere", "?format=json", "?format=xml"],
].map((each) => (typeof each === "string" ? { path: each } : each));

REQUESTS.push(
  ...[null, "Api-Key", "Api-Key nobody", "Api-Key a b", "Basic x", "main-admin-key", "Bearer main-learner-key"].map(
    (key) => ({ key }),
  ),
  ...["retired-key", "acme-admin-key", "ibl-admin-key", "main-department-admin-key"].map((key) => ({ key: `Token ${key}` })),
  { path: "/api/credentials/orgs/MainCampus/users/admin/" },
  { path: "/api/credentials/orgs/nowhere/users/1/" },
  { path: "/api/credentials/orgs/main/users/99/" },
  { path: "/api/credentials/orgs/main/users/1" },
  { path: "/api/credentials/nowhere/" },
  { path: "/api/credentials/providers/" },
  { path: "QqLpDLD1TxaF8LMBkAd7HQ" },
  { path: "QqLpDLD1TxaF8LMBkAd7HQ/" },
  { path: "no-such-id" },
  { path: "no-such-id", key: "Api-Key main-learner-key" },
  { method: "PATCH", body: {} },
  { method: "DELETE" },
  { method: "DELETE", key: "Api-Key main-learner-key" },
  { method: "POST", key: "Api-Key main-learner-key", body: made },
  { headers: { Accept: "text/html" } },
  { headers: { Accept: "text/html, application/*" } },
  ...["code=503", "code=429", "code=401", "code=404", "code=418", "code=400, delay=1", "example=nothing", "code=200"].map(
    (prefer) => ({ headers: { Prefer: prefer } }),
  ),
  { method: "POST", headers: { Prefer: "code=400" }, body: {} },
  { method: "DELETE", path: "x", headers: { Prefer: "code=409; dynamic=true" } },
  { path: "/api/credentials/nowhere/", headers: { Prefer: "code=503" } },
  post({}),
  post(null),
  post([]),
  post("text"),
  post('"text"'),
  post("{broken"),
  post("", { "Content-Type": "application/json" }),
  post("x", { "Content-Type": "text/plain" }),
  post({ name: " ", issuer: "nobody", description: 5, public: "maybe", tags: "x", criteriaUrl: "here" }),
  post({ name: "x".repeat(1001), issuer: ISSUER, tags: ["", 5, [], null], signal: "NONE", icon_image_id: 9999 }),
  post({ name: null, issuer: "", expires: { amount: "x", duration: "ages" }, metadata: { a: [1] }, courses: ["none"] }),
  post({ name: "a\u0000", issuer: 5, expires: [], programs: "x", pathways: [5], name_override: null, signal: null }),
  post({ ...made, criteria_url: "https://a.example/x", criteriaUrl: "https://b.example/x" }),
  post({ ...made, icon_image: "https://example.com/\u00e9.png", iconImage: "ftp://[::1]/", thumbnailImage: "http://localhost:80" }),
  post({ ...made, expires: { amount: 2147483648 }, credentialType: "" }),
  post(made),
  { path: "?search=made%20here" },
  post({
    ...{ ...made, name: "  made trimmed ", criteria_text: "why", credential_type: "CERTIFICATE", issuing_signal: "COURSE_COMPLETED" },
    ...{ public: "yes", tags: ["a", 5], metadata: { a: 1 }, expires: { amount: "2", duration: "years" }, unknown: 1 },
    ...{ courses: ["course-v1:main+PY101+2026", "course-v1:main+PY101+2026"], programs: ["program-data-analyst"], icon_image_id: 1 },
  }),
  post({ ...made, name: "made private", public: false }),
  { path: "?page_size=4" },
  put({ name: "Renamed", tags: null }),
  put({ expires: { amount: 5 }, metadata: { b: 2 } }),
  put({ metadata: { c: 3 }, expires: { duration: "days" } }),
  put({ metadata: [1], iconImage: "https://example.com/a.png" }),
  put({ icon_image_id: "14", thumbnail_image_id: null }),
  put({ issuer: "ZgX7idonTTq1HJFA4yAXpg", name: "" }),
  put({ public: false }),
  { path: "QqLpDLD1TxaF8LMBkAd7HQ" },
  { path: "QqLpDLD1TxaF8LMBkAd7HQ", key: "Api-Key main-learner-key" },
  { method: "DELETE", path: "QqLpDLD1TxaF8LMBkAd7HQ" },
  { method: "DELETE", path: "no-such-id" },
  { path: "?page=last" },
);

/** Whether each value is tried on each field alone, which takes half a minute. */
const EACH = process.env["EACH"] === "1";
const FIELDS = [
  ...["name", "issuer", "name_override", "description", "credentialType", "credential_type", "criteriaUrl", "criteria_url"],
  ...["criteriaNarrative", "criteria_text", "signal", "issuing_signal", "iconImage", "icon_image", "icon_image_id", "tags"],
  ...["html_template", "css_template", "metadata", "expires", "public", "courses", "programs", "pathways"],
];
const VALUES: unknown[] = [
  ...[null, "", " ", "a", "\u00a0a\ufeff", "\ud83d\ude00", "\ud800", "\u0000", 0, 1, -0, 14, 1.5, 1e21, 1e-7, true, false],
  ...[[], [""], ["a", null], [1], [true], [[]], [1, 1], {}, { amount: 1 }, { amount: null, duration: null }, "1", " 14 ", "1_4"],
  ...["yes", "NO", "null", "https://example.com", "https://example", "http://a.b/c d", "HTTP://EXAMPLE.COM:99999/", "x:y"],
  ...["http://\u00e9x.de", "http://a_b.de", "http://[::1]:80/", "http://[:::]/", "http://1.2.3.4", "http://1.2.3", "ftps://u:p@a.de"],
  ...["COURSE_PASSED", ISSUER, ["program-data-analyst"], { amount: "1.0" }, { amount: 1.9, duration: "days" }, { duration: null }],
];

async function withHandlers(check: (server: SetupServerApi) => Promise<void>, handlers = createMockApi().handlers) {
  const server = setupServer(...handlers);
  server.listen({ onUnhandledRequest: "bypass" });
  try {
    await check(server);
  } finally {
    server.close();
  }
}

test("the same requests have the same responses", { timeout: 60_000 }, async ({ mockSandbox }) => {
  // From the world that the mock exports, as a user would take it.
  const api = createMockApi({ url: HERE, world: await mockSandbox.export() });
  const differences: string[] = [];
  await withHandlers(async () => {
    for (const request of REQUESTS) {
      const expected = normalize(await send(mockSandbox.baseUrl, request));
      const got = normalize(await send(HERE, request));
      const found = differ(expected, got, JSON.stringify(request).slice(0, 200));
      differences.push(...found.slice(0, 3));
    }
    expect(differences).toEqual([]);
    const found = (await send(mockSandbox.baseUrl, { path: "?search=made%20" })).body as { result: { data: { entityId: string }[] } };
    const here = (await send(HERE, { path: "?search=made%20" })).body as typeof found;
    for (const [base, page] of [[mockSandbox.baseUrl, found], [HERE, here]] as const) {
      expect(page.result.data).toHaveLength(3);
      for (const { entityId } of page.result.data) {
        expect((await send(base, { method: "DELETE", path: entityId })).status).toBe(204);
        expect((await send(base, { path: entityId })).status).toBe(404);
      }
    }
  }, api.handlers);
  expect(REQUESTS.length).toBeGreaterThan(95);
});

test("every field takes and refuses the same values", { timeout: 60_000 }, async ({ mockSandbox }) => {
  const api = createMockApi({ url: HERE, world: await mockSandbox.export() });
  const differences: string[] = [];
  let unsupported = 0;
  await withHandlers(async () => {
    for (const value of VALUES) {
      // All fields at once are refused with an error for each; alone, a field is often taken.
      const all = Object.fromEntries(FIELDS.map((name) => [name, value]));
      for (const body of EACH ? FIELDS.map((name) => ({ [name]: value })) : [all, { metadata: value }, { tags: value }]) {
        const got = await send(HERE, put(body));
        unsupported += Number(got.status === 501);
        const expected = await send(mockSandbox.baseUrl, put(body));
        const found = differ(normalize(expected), normalize(got), JSON.stringify(body).slice(0, 200));
        if (got.status !== 501) differences.push(...found.slice(0, 3));
      }
    }
  }, api.handlers);
  expect(differences).toEqual([]);
  expect(unsupported).toBeLessThan(EACH ? 80 : 20);
});

test("what the handlers export is a world of the mock", async ({ mockSandbox }) => {
  const api = createMockApi();
  await withHandlers(async () => {
    expect((await send(HERE, post(made))).status).toBe(200);
    await mockSandbox.load(api.export());
    const [here, there] = [await send(HERE, {}), await send(mockSandbox.baseUrl, {})];
    expect(here).toEqual(there);
    api.reset();
    expect((await send(HERE, { path: "?search=made%20here" })).body).toMatchObject({ result: { count: 0 } });
    api.clear();
    expect((await send(HERE, {})).body).toMatchObject({ result: { count: 0, num_pages: 1 } });
  }, api.handlers);
});

test("what the handlers cannot do is 501 and says so", async () => {
  await withHandlers(async () => {
    const requests = [{ path: "issuers/" }, { path: "assertions/" }, { method: "POST", path: "issuers/", body: {} }];
    for (const request of [...requests, post("name=x", { "Content-Type": "application/x-www-form-urlencoded" })]) {
      const { status, body } = await send(HERE, request);
      expect([status, JSON.stringify(body)]).toEqual([501, expect.stringContaining("use a sandbox of `credmock serve`")]);
    }
  });
  expect(() => createMockApi({ world: { format: "other" } })).toThrow("expected a document of the format credmock-world/1");
});

test("keys are as `--auth` of the mock says", async () => {
  const handlers = createMockApi({ auth: "any" }).handlers;
  await withHandlers(async () => {
    expect((await send(HERE, { key: "Bearer x y z" })).status).toBe(200);
    expect((await send(HERE, { key: null })).status).toBe(401);
  }, handlers);
});
