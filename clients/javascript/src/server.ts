// A mock for the tests: one that runs already, or one that is started and stopped with them.

import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Milliseconds. The first start with uvx or pipx fetches the package. */
const STARTS_WITHIN = 120_000;
const STOPS_WITHIN = 5_000;

/** No mock could be found or started; the message says what was tried. */
export class DoesNotStart extends Error {
  override name = "DoesNotStart";
}

export interface MockServer {
  readonly url: string;
  /** Stop a server that was started; one that was given goes on. */
  stop(): Promise<void>;
}

export interface MockServerOptions {
  /** The address of a mock that runs; by default that of the variable CREDMOCK_URL. */
  url?: string | undefined;
  /** Options of `credmock serve`, such as `["--prefix", "/dm"]`. */
  options?: readonly string[];
  environment?: NodeJS.ProcessEnv;
}

/** Return a mock: the one that is given, or `credmock`, `uvx` or `pipx` start one. */
export async function startMock(settings: MockServerOptions = {}): Promise<MockServer> {
  const environment = settings.environment ?? process.env;
  const url = settings.url || environment["CREDMOCK_URL"];
  if (url) {
    await checkMock(url);
    return { url: url.replace(/\/+$/, ""), stop: async () => {} };
  }
  const [program, ...words] = findCommand(environment);
  const serve = ["serve", "--bind", "127.0.0.1:0", "--quiet", ...(settings.options ?? [])];
  const child = spawn(program, [...words, ...serve], {
    env: { ...environment, PYTHONUNBUFFERED: "1" },
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
  });
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  try {
    const address = await readAddress(child, [program, ...words].join(" "));
    return {
      url: address,
      stop: () => stop(child).finally(() => process.off("exit", kill)),
    };
  } catch (error) {
    kill();
    process.off("exit", kill);
    throw error;
  }
}

/** Return the command that runs the mock; throws DoesNotStart with what to do. */
export function findCommand(environment: NodeJS.ProcessEnv): [string, ...string[]] {
  const find = (name: string): string | undefined => findProgram(name, environment["PATH"] ?? "");
  const credmock = find("credmock");
  if (credmock) return [credmock];
  const uvx = find("uvx");
  if (uvx) return [uvx, "credmock"];
  const pipx = find("pipx");
  if (pipx) return [pipx, "run", "credmock"];
  throw new DoesNotStart(
    "credmock was not found: there is no `credmock`, `uvx` or `pipx` on PATH. " +
      "Install it with `pip install credmock`, or set CREDMOCK_URL to the address of a mock that runs.",
  );
}

function findProgram(name: string, path: string): string | undefined {
  const names = process.platform === "win32" ? [`${name}.exe`] : [name];
  const places = path.split(delimiter).filter(Boolean).flatMap((folder) => names.map((each) => join(folder, each)));
  return places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function checkMock(url: string): Promise<void> {
  const health = await fetch(`${url.replace(/\/+$/, "")}/__mock__/health`, { signal: AbortSignal.timeout(10_000) })
    .then((response) => response.json() as Promise<{ status?: string }>)
    .catch(() => undefined);
  if (health?.status !== "ok") {
    throw new DoesNotStart(`no mock responds at ${url}: start one with \`credmock serve\`, or leave CREDMOCK_URL out`);
  }
}

function readAddress(child: ChildProcess, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = "";
    const fail = (what: string): void => {
      clearTimeout(timer);
      reject(new DoesNotStart(`\`${command} serve\` ${what}${said ? `:\n${said.trim()}` : ""}`));
    };
    const timer = setTimeout(() => fail(`does not serve after ${STARTS_WITHIN / 1000} s`), STARTS_WITHIN);
    const read = (chunk: Buffer): void => {
      if (said.length > 10_000) return; // what a server says later is nobody's concern
      said += chunk.toString();
      const found = / at (https?:\/\/\S+)/.exec(said);
      if (!found?.[1] || !said.slice(found.index).includes("\n")) return;
      clearTimeout(timer);
      resolve(found[1]);
    };
    child.stdout?.on("data", read);
    child.stderr?.on("data", read);
    child.once("error", (error) => fail(`cannot be run: ${error.message}`));
    child.once("close", (code) => fail(`ended with exit code ${code}`));
  });
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => child.kill("SIGKILL"), STOPS_WITHIN);
    child.once("close", () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill("SIGTERM");
  });
}
