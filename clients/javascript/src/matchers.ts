// `toHaveReceived` for every test runner with `expect.extend`; the mock itself compares and explains.

import { type ExpectedRequest, Sandbox, type Times, type Verification } from "./sandbox.js";

/** Milliseconds between two looks at the journal. */
const PAUSE = 50;

export interface Waiting {
  /** Milliseconds to wait for requests that have not come yet. */
  timeout?: number;
}

export interface Result {
  pass: boolean;
  message: () => string;
}

/** Tell whether a sandbox has received a request; wait for it unless it must not come. */
export async function toHaveReceived(
  sandbox: Sandbox,
  request: ExpectedRequest,
  options: Times & Waiting,
  timeout: number,
): Promise<Result> {
  return await waitFor(sandbox, () => sandbox.check(request, options), options.timeout ?? timeout);
}

/** Tell whether a sandbox has received requests one after the other; wait for them. */
export async function toHaveReceivedInOrder(
  sandbox: Sandbox,
  requests: readonly ExpectedRequest[],
  options: Waiting,
  timeout: number,
): Promise<Result> {
  return await waitFor(sandbox, () => sandbox.checkOrder(requests), options.timeout ?? timeout);
}

async function waitFor(sandbox: unknown, check: () => Promise<Verification>, timeout: number): Promise<Result> {
  if (!(sandbox instanceof Sandbox)) throw new TypeError("expect(sandbox): this is not a sandbox of credmock");
  const end = Date.now() + timeout;
  let verification = await check();
  while (!verification.verified && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    verification = await check();
  }
  const { verified, message } = verification;
  return { pass: verified, message: () => (verified ? `this was not expected to be received: ${message}` : message) };
}
