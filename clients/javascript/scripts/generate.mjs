// Generate what the package has of the contract and the default world: src/generated/.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parse } from "yaml";

const here = new URL("..", import.meta.url);
const spec = new URL("../../spec/openapi.yaml", here);
const target = new URL("src/generated/", here);
mkdirSync(target, { recursive: true });

const generator = new URL("node_modules/openapi-typescript/bin/cli.js", here).pathname;
execFileSync(process.execPath, [
  ...[generator, spec.pathname, "--default-non-nullable=false"],
  ...["--output", new URL("api.ts", target).pathname],
]);

const document = parse(readFileSync(spec, "utf-8"));
const resolve = (value) =>
  value?.$ref ? resolve(value.$ref.slice(2).split("/").reduce((node, step) => node[step], document)) : value;
const METHODS = ["get", "post", "put", "delete"];

// The first example of each status, with which an error is answered that `Prefer` asks for.
function examples(operation) {
  return Object.fromEntries(
    Object.entries(operation.responses).map(([status, reference]) => {
      const [media, content] = Object.entries(resolve(reference).content ?? {})[0] ?? [];
      const named = Object.entries(content?.examples ?? {}).map(([name, example]) => [name, resolve(example).value]);
      return [status, { media: media ?? null, examples: named }];
    }),
  );
}

// A schema with its references resolved and its `allOf` parts folded into one.
function fold(schema) {
  const { allOf = [], ...own } = resolve(schema);
  const parts = [own, ...allOf.map(fold)];
  const names = [...new Set(parts.flatMap((part) => Object.keys(part.properties ?? {})))];
  const properties = names.map((name) => [name, Object.assign({}, ...parts.map((part) => part.properties?.[name] ?? {}))]);
  const folded = Object.assign({}, ...parts.toReversed());
  const required = parts.flatMap((part) => part.required ?? []);
  if (names.length) folded.properties = Object.fromEntries(properties.map(([name, each]) => [name, fold(each)]));
  if (folded.items) folded.items = fold(folded.items);
  delete folded.description;
  return required.length ? { ...folded, required } : folded;
}

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => {
    const operation = item[method];
    return {
      ...{ path, method: method.toUpperCase(), id: operation.operationId, since: operation["x-since"] },
      roles: operation["x-roles"] ?? null,
      denied: operation["x-permission-denied"] ?? null,
      responses: examples(operation),
    };
  }),
);
const { schemas } = document.components;
const contract = { operations, credential: fold(schemas.CredentialCreate) };
const world = JSON.parse(readFileSync(new URL("../../fixtures/world.json", here), "utf-8"));

const literal = (value) => `JSON.parse(${JSON.stringify(JSON.stringify(value))})`;
writeFileSync(
  new URL("data.ts", target),
  `import type { Contract, WorldDocument } from "../msw/types.js";

/** The contract, as far as the handlers need it. */
export const contract: Contract = ${literal(contract)};
/** The world that the mock has by default. */
export const defaultWorld: WorldDocument = ${literal(world)};
`,
);
