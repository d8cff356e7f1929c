// Errors and delays on demand, by the header `Prefer` of RFC 7240.

import { json } from "./errors.js";
import type { Operation } from "./types.js";

const LONGEST_DELAY = 60_000;
const HEADERS: Record<number, Record<string, string>> = {
  401: { "WWW-Authenticate": "Api-Key" },
  429: { "Retry-After": "1" },
  503: { "Retry-After": "1" },
};

interface Preference {
  status?: number;
  example?: string;
  delay?: number;
  applied: string;
}

/** Answer a request as its header `Prefer` says; without one, serve it. */
export async function forced(
  request: Request,
  operation: Operation | undefined,
  serve: () => Promise<Response>,
): Promise<Response> {
  const prefer = request.headers.get("Prefer");
  if (prefer === null) return await serve();
  const { status, example, delay, applied } = readPrefer(prefer);
  if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
  const response = status || example ? forceResponse(status ?? 200, example ?? "", operation) : await serve();
  if (applied) response.headers.set("Preference-Applied", applied);
  return response;
}

function readPrefer(header: string): Preference {
  const found: Preference = { applied: "" };
  const applied: string[] = [];
  for (const token of header.split(/[,;]/)) {
    const [name = "", value = ""] = split(token);
    if (name === "code" && /^[2-5]\d\d$/.test(value)) found.status = Number(value);
    else if (name === "delay" && /^\d{1,5}$/.test(value) && Number(value) <= LONGEST_DELAY) found.delay = Number(value);
    else if (name === "example" && value) found.example = value;
    else if (name !== "dynamic") continue;
    applied.push(value ? `${name}=${value}` : name);
  }
  return { ...found, applied: applied.join(", ") };
}

function split(token: string): string[] {
  const at = token.indexOf("=");
  const parts = at < 0 ? [token] : [token.slice(0, at), token.slice(at + 1)];
  const [name = "", value = ""] = parts.map((part) => part.trim().replace(/^"+|"+$/g, "").trim());
  return [name.toLowerCase(), value];
}

/** Return the response of a status, with the contract's example for it. */
function forceResponse(status: number, example: string, operation: Operation | undefined): Response {
  const headers = HEADERS[status] ?? {};
  if (status === 429 && !example) {
    return json({ detail: "Request was throttled. Expected available in 1 second." }, status, headers);
  }
  const documented = operation?.responses[String(status)];
  const value = documented?.examples.find(([name]) => !example || name === example)?.[1];
  const media = documented?.media ?? "application/json";
  if (value !== undefined) {
    const body = typeof value === "string" ? value : JSON.stringify(value);
    return new Response(body, { status, headers: { "Content-Type": media, ...headers } });
  }
  if (status === 204 || (documented && documented.media === null)) {
    return new Response(status === 204 ? null : "", { status, headers });
  }
  return json({ detail: `${PHRASES[status] ?? "No documented response"}.` }, status, headers);
}

const PHRASES: Record<number, string> = {
  ...{ 200: "OK", 201: "Created", 202: "Accepted", 206: "Partial Content", 300: "Multiple Choices" },
  ...{ 400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found" },
  ...{ 405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone" },
  ...{ 412: "Precondition Failed", 415: "Unsupported Media Type", 418: "I'm a Teapot", 422: "Unprocessable Entity", 423: "Locked" },
  ...{ 429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway" },
  ...{ 503: "Service Unavailable", 504: "Gateway Timeout" },
};
