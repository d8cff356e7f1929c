// Fixtures for Playwright: `import { expect, test } from "credmock/playwright"`.
// They have the names of the pytest fixtures (mockserver/testing.py), in camel case.

import { randomUUID } from "node:crypto";
import { expect as baseExpect, type Route, test as baseTest, type TestInfo } from "@playwright/test";
import { toHaveReceived, toHaveReceivedInOrder, type Waiting } from "./matchers.js";
import { DEFAULT_URL, type ExpectedRequest, Sandbox, type Times } from "./sandbox.js";
import { type MockServer, startMock } from "./server.js";

export interface MockOptions {
  /** The address of a mock that runs; by default CREDMOCK_URL, or else one is started for each worker. */
  mockUrl: string | undefined;
  /** Options of `credmock serve`. */
  mockOptions: string[];
}

export interface MockFixtures {
  /**
   * Where the application looks for the API: what its pages ask for below this address is answered by
   * the sandbox of the test. By default the address of `credmock serve`; null for no redirection.
   */
  mockApiUrl: string | null;
  /** A sandbox for this test, removed afterwards; `baseUrl` is its address. */
  mockSandbox: Sandbox;
}

export const test = baseTest.extend<MockFixtures, MockOptions & { mockServer: MockServer }>({
  mockUrl: [undefined, { option: true, scope: "worker" }],
  mockOptions: [[], { option: true, scope: "worker" }],
  mockServer: [
    async ({ mockUrl, mockOptions }, use) => {
      const server = await startMock({ url: mockUrl, options: mockOptions });
      await use(server);
      await server.stop();
    },
    { scope: "worker", timeout: 150_000 },
  ],
  mockApiUrl: [DEFAULT_URL, { option: true }],
  mockSandbox: async ({ mockServer }, use, testInfo) => {
    const token = process.env["CREDMOCK_CTL_CONTROL_TOKEN"] ?? "";
    const sandbox = new Sandbox(mockServer.url, `test-${randomUUID()}`, token);
    await sandbox.reset();
    await use(sandbox);
    if (testInfo.status !== testInfo.expectedStatus) await attach(sandbox, testInfo);
    await sandbox.remove();
  },
  context: async ({ context, mockSandbox, mockApiUrl }, use) => {
    if (mockApiUrl !== null) {
      await context.route(
        (url) => isBelow(url, mockApiUrl),
        (route) => redirect(route, mockApiUrl, mockSandbox.baseUrl),
      );
    }
    await use(context);
  },
});

export const expect = baseExpect.extend({
  /** Expect that the sandbox has received a request, or receives it within the timeout. */
  async toHaveReceived(sandbox: Sandbox, request: ExpectedRequest, options: Times & Waiting = {}) {
    return await toHaveReceived(sandbox, request, options, this.isNot ? 0 : this.timeout);
  },
  /** Expect that the sandbox has received requests one after the other. */
  async toHaveReceivedInOrder(sandbox: Sandbox, requests: ExpectedRequest[], options: Waiting = {}) {
    return await toHaveReceivedInOrder(sandbox, requests, options, this.isNot ? 0 : this.timeout);
  },
});

/** Tell whether an address is below that of the API, and not one of a sandbox or the control plane already. */
function isBelow(url: URL, api: string): boolean {
  const base = new URL(api);
  const path = base.pathname.replace(/\/+$/, "");
  const isSame = sameHost(url, base) && url.pathname.startsWith(`${path}/`);
  return isSame && !/^\/__(sandbox|mock)__\//.test(url.pathname.slice(path.length));
}

function sameHost(url: URL, base: URL): boolean {
  const local = ["127.0.0.1", "localhost"];
  const isLocal = local.includes(url.hostname) && local.includes(base.hostname);
  return url.protocol === base.protocol && url.port === base.port && (isLocal || url.hostname === base.hostname);
}

async function redirect(route: Route, api: string, sandbox: string): Promise<void> {
  const url = new URL(route.request().url());
  const path = url.pathname.slice(new URL(api).pathname.replace(/\/+$/, "").length);
  try {
    const response = await route.fetch({ url: `${sandbox}${path}${url.search}`, maxRedirects: 0, timeout: 0 });
    await route.fulfill({ response });
  } catch {
    await route.abort("connectionreset").catch(() => {}); // the page may be gone
  }
}

async function attach(sandbox: Sandbox, testInfo: TestInfo): Promise<void> {
  const journal = { name: "credmock-journal.json", body: sandbox.requests({ limit: 500 }) };
  const archive = { name: "credmock.har", body: sandbox.har() };
  for (const { name, body } of [journal, archive]) {
    const content = JSON.stringify(await body, null, 2);
    await testInfo.attach(name, { body: content, contentType: "application/json" });
  }
}
