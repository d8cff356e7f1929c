// One sandbox of a mock, as the control plane at /__mock__/ offers it.
// The methods have the names of the Python client (mockserver/control/client.py), in camel case.

export const DEFAULT_URL = "http://127.0.0.1:8765";
/** Milliseconds; longer than the longest delay that a fault may have. */
const TIMEOUT = 70_000;

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export interface ExpectedRequest {
  method?: string;
  /** A pattern such as `*\/users/1/*`, without prefix and sandbox. */
  path?: string;
  /** The values of parameters; null for a parameter that must not be there. */
  query?: Record<string, string | number | boolean | (string | number | boolean)[] | null>;
  /** Patterns such as `application/json*`; null for a header that must not be there. */
  headers?: Record<string, string | null>;
  /** JSON; of objects only the named fields are compared. */
  body?: unknown;
  status?: number;
  operation?: string;
}

export interface Times {
  times?: number;
  atLeast?: number;
  atMost?: number;
}

export interface ShortRequest {
  number: number;
  method: string;
  path: string;
  status: number;
}

export interface Verification {
  verified: boolean;
  count: number;
  /** What was expected and what came, in words. */
  message: string;
  requests: ShortRequest[];
  nearest: (ShortRequest & { differences: string[] })[];
}

export interface Side {
  headers: Record<string, string>;
  body: string;
  encoding?: "base64";
  size?: number;
  kept?: number;
}

export interface Exchange extends ShortRequest {
  time: string;
  operation: string | null;
  milliseconds: number;
  request: Side;
  response: Side;
  hints: string[];
  curl: string | null;
}

export interface Filter {
  method?: string;
  path?: string;
  status?: number;
  operation?: string;
}

export interface Fault {
  operation?: string;
  method?: string;
  path?: string;
  nth?: number;
  times?: number;
  probability?: number;
  status?: number;
  example?: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** Milliseconds, `[least, most]`, or percentiles such as `{ p50: 80, p99: 2000 }`. */
  delay?: number | [number, number] | Record<`p${number}`, number>;
  damage?: "malformed" | "truncated" | "cut";
}

export type AddedFault = Fault & { id: string; matched: number; happened: number };

export interface ClockChange {
  set?: string;
  /** A duration such as `P30D`. */
  advance?: string;
  freeze?: boolean;
  run?: boolean;
}

export interface Clock {
  now: string;
  frozen: boolean;
}

export interface Scenarios {
  current: string | null;
  scenarios: { name: string; description: string; ships: boolean; error?: string }[];
}

/** The number of records of each kind. */
export type Counts = Record<"credentials" | "issuers" | "assertions" | "assignments" | "images", number>;

/** The records of a sandbox as a world document. */
export type World = { format: string } & Record<string, unknown>;

/** The mock refused, or does not respond; the message says why. */
export class ControlError extends Error {
  override name = "ControlError";
}

/** The sandbox did not receive the expected requests; the message has the nearest ones. */
export class NotReceived extends Error {
  override name = "NotReceived";
}

export class Sandbox {
  readonly url: string;

  constructor(
    url: string = DEFAULT_URL,
    readonly name: string = "default",
    private readonly token: string = "",
  ) {
    if (!URL.canParse(url) || !/^https?:/.test(url)) {
      throw new ControlError(`"${url}" is not an http address: write for example ${DEFAULT_URL}`);
    }
    this.url = url.replace(/\/+$/, "");
  }

  /** What a client of this sandbox takes for the address of the service. */
  get baseUrl(): string {
    return `${this.url}/__sandbox__/${encodeURIComponent(this.name)}`;
  }

  /** Return the status and the version of the mock. */
  health(): Promise<{ status: string; version: string }> {
    return this.#json("GET", "health");
  }

  /** Go back to the world that the mock started with. */
  reset(): Promise<Counts> {
    return this.#json("POST", "state/reset");
  }

  /** Remove all credentials and everything about them. */
  clear(): Promise<Counts> {
    return this.#json("POST", "state/clear");
  }

  /** Return all records as a world document. */
  export(): Promise<World> {
    return this.#json("GET", "state");
  }

  /** Replace all records by those of a world document. */
  load(world: World): Promise<Counts> {
    return this.#json("PUT", "state", world);
  }

  /** Save the records as they are now. */
  snapshot(name: string): Promise<Counts> {
    return this.#json("POST", `state/snapshots/${encodeURIComponent(name)}`);
  }

  /** Go back to the records of a snapshot. */
  restore(name: string): Promise<Counts> {
    return this.#json("POST", `state/snapshots/${encodeURIComponent(name)}/restore`);
  }

  /** Take back the last reset, clear, scenario, import or restore. */
  undo(): Promise<Counts> {
    return this.#json("POST", "state/undo");
  }

  /** Let an assertion expire now by the clock of the sandbox; return the moment. */
  async expire(assertion: string): Promise<string> {
    const path = `assertions/${encodeURIComponent(assertion)}/expire`;
    return (await this.#json<{ expires: string }>("POST", path)).expires;
  }

  /** Start over in a scenario. */
  scenario(name: string): Promise<Counts & { current: string }> {
    return this.#json("POST", "scenario", { name });
  }

  /** Return the current scenario, and the list of all. */
  scenarios(): Promise<Scenarios> {
    return this.#json("GET", "scenario");
  }

  /** Return the time, or change it. */
  clock(changes?: ClockChange): Promise<Clock> {
    return changes ? this.#json("POST", "clock", changes) : this.#json("GET", "clock");
  }

  /** Add a fault and return its id. */
  async fault(fault: Fault): Promise<string> {
    return (await this.#json<{ id: string }>("POST", "faults", fault)).id;
  }

  /** List the faults. */
  async faults(): Promise<AddedFault[]> {
    return (await this.#json<{ faults: AddedFault[] }>("GET", "faults")).faults;
  }

  /** Remove all faults. */
  async clearFaults(): Promise<void> {
    await this.send("DELETE", "faults");
  }

  /** Return the last exchanges that match, the newest first. */
  async requests(filter: Filter & { limit?: number } = {}): Promise<Exchange[]> {
    return (await this.#json<{ requests: Exchange[] }>("GET", `requests${query(filter)}`)).requests;
  }

  /** Count the exchanges that match. */
  async count(filter: Filter = {}): Promise<number> {
    return (await this.#json<{ count: number }>("POST", "requests/count", filter)).count;
  }

  /** Return the exchanges that match as an HTTP Archive. */
  har(filter: Filter = {}): Promise<{ log: Record<string, unknown> }> {
    return this.#json("GET", `requests.har${query(filter)}`);
  }

  /** Forget all exchanges. */
  async forget(): Promise<void> {
    await this.send("DELETE", "requests");
  }

  /** Check that a request was received; throws NotReceived with the nearest ones. */
  async verify(request: ExpectedRequest, times: Times = {}): Promise<Verification> {
    return received(await this.check(request, times));
  }

  /** Check that requests were received one after the other; throws NotReceived. */
  async verifyOrder(...requests: ExpectedRequest[]): Promise<Verification> {
    return received(await this.checkOrder(requests));
  }

  /** Tell whether a request was received, and else which came nearest. */
  check(request: ExpectedRequest, times: Times = {}): Promise<Verification> {
    const { times: exactly, atLeast, atMost } = times;
    return this.#json("POST", "requests/verify", { ...request, times: exactly, at_least: atLeast, at_most: atMost });
  }

  /** Tell whether requests were received one after the other. */
  checkOrder(requests: readonly ExpectedRequest[]): Promise<Verification> {
    return this.#json("POST", "requests/verify", { in_order: requests });
  }

  /** Run pending background jobs now. */
  async work(): Promise<number> {
    return (await this.#json<{ completed: number }>("POST", "work")).completed;
  }

  /** Remove the sandbox. */
  async remove(): Promise<void> {
    await this.send("DELETE", `sandboxes/${encodeURIComponent(this.name)}`);
  }

  /** Send a request to the control plane; throws ControlError with the mock's own words. */
  async send(method: string, path: string, body?: unknown): Promise<string> {
    const headers: Record<string, string> = { "X-Mock-Sandbox": this.name };
    if (this.token) headers["X-Mock-Control-Token"] = this.token;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response: Response, text: string;
    try {
      response = await fetch(`${this.url}/__mock__/${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT),
      });
      text = await response.text();
    } catch (error) {
      throw new ControlError(`no mock responds at ${this.url}: ${reason(error)}`);
    }
    if (!response.ok) throw new ControlError(detail(text) ?? `${response.status} ${response.statusText}`);
    return text;
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const value = parse(await this.send(method, path, body));
    if (typeof value !== "object" || value === null) throw new ControlError(`${this.url} is not a mock`);
    return value as T;
  }
}

function received(verification: Verification): Verification {
  if (!verification.verified) throw new NotReceived(verification.message);
  return verification;
}

function query(values: object): string {
  const pairs = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]]));
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function detail(text: string): string | undefined {
  const body = parse(text) as { detail?: unknown } | undefined;
  return typeof body?.detail === "string" ? body.detail : undefined;
}

function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}
