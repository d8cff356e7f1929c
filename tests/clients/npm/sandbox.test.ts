import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlError, NotReceived, Sandbox, startMock } from "credmock";
import type { components } from "credmock/api";
import { expect, test } from "credmock/vitest";
import { describe } from "vitest";

type Credential = components["schemas"]["Credential"];
const headers = { Authorization: "Api-Key main-admin-key", "Content-Type": "application/json" };

function collection(sandbox: Sandbox): string {
  return `${sandbox.baseUrl}/api/credentials/orgs/main/users/1/`;
}

async function list(sandbox: Sandbox): Promise<{ count: number; data: Credential[] }> {
  const response = await fetch(collection(sandbox), { headers });
  return ((await response.json()) as { result: { count: number; data: Credential[] } }).result;
}

test("every part of the control plane has a method", async ({ mockSandbox }) => {
  const before = await list(mockSandbox);
  await mockSandbox.snapshot("start");
  expect((await mockSandbox.clear()).credentials).toBe(0);
  expect((await list(mockSandbox)).count).toBe(0);
  await mockSandbox.restore("start");
  const world = await mockSandbox.export();
  await mockSandbox.scenario("empty");
  expect((await mockSandbox.scenarios()).current).toBe("empty");
  await mockSandbox.reset();
  await mockSandbox.load(world);
  expect((await list(mockSandbox)).count).toBe(before.count);
  expect((await mockSandbox.clock({ set: "2030-01-01T00:00:00Z", freeze: true })).frozen).toBe(true);
  expect((await mockSandbox.clock()).now).toMatch(/^2030-01-01/);
  expect(await mockSandbox.fault({ status: 503, times: 1 })).toBe("1");
  expect((await fetch(collection(mockSandbox), { headers })).status).toBe(503);
  expect((await mockSandbox.faults())[0]?.happened).toBe(1);
  await mockSandbox.clearFaults();
  expect(await mockSandbox.faults()).toEqual([]);
  expect(await mockSandbox.count({ status: 503 })).toBe(1);
  expect((await mockSandbox.requests({ status: 503, limit: 1 }))[0]?.method).toBe("GET");
  expect((await mockSandbox.har({ status: 503 })).log["entries"]).toHaveLength(1);
  expect(await mockSandbox.work()).toBeGreaterThanOrEqual(0);
  await mockSandbox.forget();
  expect(await mockSandbox.count()).toBe(0);
});

test("what was received is verified", async ({ mockSandbox }) => {
  await fetch(`${collection(mockSandbox)}x`, { method: "PUT", headers, body: '{"name": "Data", "tags": ["a"]}' });
  await expect(mockSandbox).toHaveReceived({ method: "PUT", body: { name: "Data" } }, { times: 1 });
  await expect(mockSandbox).toHaveReceived({ path: "*/users/1/x" }, { atLeast: 1, atMost: 1 });
  await expect(mockSandbox).not.toHaveReceived({ method: "DELETE" });
  expect((await mockSandbox.verify({ method: "PUT" })).count).toBe(1);
  expect((await mockSandbox.verifyOrder({ method: "PUT" })).verified).toBe(true);
  const failure = await mockSandbox.verify({ method: "PUT", body: { name: "Date" } }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(NotReceived);
  expect((failure as Error).message).toContain('body.name: expected "Date", got "Data"');
  const late = expect(mockSandbox).toHaveReceived({ method: "DELETE" });
  await fetch(`${collection(mockSandbox)}x`, { method: "DELETE", headers });
  await late;
  await expect(expect(mockSandbox).toHaveReceived({ method: "HEAD" }, { timeout: 0 })).rejects.toThrow("expected HEAD, got PUT");
  await expect(expect(mockSandbox).not.toHaveReceived({ method: "PUT" })).rejects.toThrow("this was not expected");
});

describe("what is wrong is said", () => {
  test("by the mock's own words", async ({ mockSandbox }) => {
    await expect(mockSandbox.restore("nothing")).rejects.toThrow("there is no snapshot 'nothing'");
    await expect(mockSandbox.check({ status: 1 })).rejects.toThrow("status: expected a status from 100 to 599");
  });

  test("where no mock is", async () => {
    await expect(new Sandbox("http://127.0.0.1:1").reset()).rejects.toThrow("no mock responds at http://127.0.0.1:1");
    expect(() => new Sandbox("ftp://x")).toThrow(ControlError);
    await expect(startMock({ url: "http://127.0.0.1:1" })).rejects.toThrow("start one with `credmock serve`");
    const environment = { PATH: "/nowhere" };
    await expect(startMock({ environment })).rejects.toThrow("no `credmock`, `uvx` or `pipx` on PATH");
    const options = ["--no-such-option"];
    await expect(startMock({ options, environment: { ...process.env, CREDMOCK_URL: "" } })).rejects.toThrow("No such option");
  });

  test.for(["uvx", "pipx"])("the mock is started by %s where it is not installed", async (program, { onTestFinished }) => {
    const folder = mkdtempSync(join(tmpdir(), "credmock-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const credmock = execFileSync("which", ["credmock"]).toString().trim();
    const shift = program === "uvx" ? '[ "$1" = credmock ] && shift' : '[ "$1 $2" = "run credmock" ] && shift 2';
    writeFileSync(join(folder, program), `#!/bin/sh\n${shift} && exec ${credmock} "$@"\n`, { mode: 0o755 });
    const mock = await startMock({ environment: { PATH: folder } });
    expect((await fetch(`${mock.url}/__mock__/health`)).status).toBe(200);
    await mock.stop();
    await expect(fetch(`${mock.url}/__mock__/health`)).rejects.toThrow("fetch failed");
  });

  test("a mock that runs already can be given", async ({ mockServer }) => {
    const given = await startMock({ environment: { CREDMOCK_URL: `${mockServer.url}/` } });
    expect(given.url).toBe(mockServer.url);
    await given.stop();
    expect((await fetch(`${mockServer.url}/__mock__/health`)).status).toBe(200);
  });
});

// @ts-expect-error: the compiler knows the words of an expectation
void ((sandbox: Sandbox) => sandbox.check({ methd: "PUT" }));
