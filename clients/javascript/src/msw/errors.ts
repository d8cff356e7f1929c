// The errors of the API, in the words of Django REST Framework.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly detail: unknown,
    readonly headers: Record<string, string> = {},
  ) {
    super(typeof detail === "string" ? detail : "validation error");
  }

  response(): Response {
    const body = typeof this.detail === "string" ? { detail: this.detail } : this.detail;
    return json(body, this.status, this.headers);
  }
}

export const unauthenticated = (detail = "Authentication credentials were not provided."): ApiError =>
  new ApiError(401, detail, { "WWW-Authenticate": "Api-Key" });
export const denied = (detail?: string | null): ApiError =>
  new ApiError(403, detail ?? "You do not have permission to perform this action.");
export const missing = (kind: string): ApiError => new ApiError(404, `No ${kind} matches the given query.`);

/** What the handlers cannot do, which `credmock serve` can. */
export const unsupported = (what: string): ApiError =>
  new ApiError(501, `credmock/msw does not serve ${what}: use a sandbox of \`credmock serve\``);

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
}
