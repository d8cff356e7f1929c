// Fixtures for Vitest: `import { expect, test } from "credmock/vitest"`.
// They have the names of the pytest fixtures (mockserver/testing.py), in camel case.

import { expect, test as baseTest } from "vitest";
import { toHaveReceived, toHaveReceivedInOrder, type Waiting } from "./matchers.js";
import type { MockApi } from "./msw/index.js";
import { type ExpectedRequest, Sandbox, type Times } from "./sandbox.js";
import { type MockServer, startMock } from "./server.js";

/** Milliseconds that an expectation waits for requests. */
const PATIENCE = 1000;

export interface MockMatchers<R = unknown> {
  /** Expect that the sandbox has received a request, or receives it within the timeout. */
  toHaveReceived(request: ExpectedRequest, options?: Times & Waiting): Promise<R>;
  /** Expect that the sandbox has received requests one after the other. */
  toHaveReceivedInOrder(requests: ExpectedRequest[], options?: Waiting): Promise<R>;
}

declare module "vitest" {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type
  interface Matchers<T = any> extends MockMatchers<T> {}
}

expect.extend({
  async toHaveReceived(sandbox: Sandbox, request: ExpectedRequest, options: Times & Waiting = {}) {
    return await toHaveReceived(sandbox, request, options, this.isNot ? 0 : PATIENCE);
  },
  async toHaveReceivedInOrder(sandbox: Sandbox, requests: ExpectedRequest[], options: Waiting = {}) {
    return await toHaveReceivedInOrder(sandbox, requests, options, this.isNot ? 0 : PATIENCE);
  },
});

export interface VitestFixtures {
  /** Options of `credmock serve`. */
  mockOptions: string[];
  /** A mock that serves as long as the tests of the file run. */
  mockServer: MockServer;
  /** A sandbox for this test, removed afterwards; `baseUrl` is its address. */
  mockSandbox: Sandbox;
  /** The API without a server: MSW answers what this test asks for, from records of its own. */
  mockApi: MockApi;
}

export const test = baseTest.extend<VitestFixtures>({
  mockOptions: [[], { scope: "file" }],
  mockServer: [
    async ({ mockOptions }: Pick<VitestFixtures, "mockOptions">, use: (server: MockServer) => Promise<void>) => {
      const server = await startMock({ options: mockOptions });
      await use(server);
      await server.stop();
    },
    { scope: "file" },
  ],
  mockSandbox: async ({ mockServer }, use) => {
    const token = process.env["CREDMOCK_CTL_CONTROL_TOKEN"] ?? "";
    const sandbox = new Sandbox(mockServer.url, `test-${crypto.randomUUID()}`, token);
    await sandbox.reset();
    await use(sandbox);
    await sandbox.remove();
  },
  // eslint-disable-next-line no-empty-pattern
  mockApi: async ({}, use) => {
    // Only here, since a project without MSW has all the rest.
    const [{ createMockApi }, { setupServer }] = await Promise.all([import("./msw/index.js"), import("msw/node")]);
    const api = createMockApi();
    const server = setupServer(...api.handlers);
    server.listen({ onUnhandledRequest: "bypass" });
    await use(api);
    server.close();
  },
});

export { expect };
