// A JSON body against the schema of the contract, as the fields of Django REST Framework read it.

import { ApiError, unsupported } from "./errors.js";
import type { Fields, Schema } from "./types.js";

/** Tells whether something exists that a value refers to. */
export type Exists = (collection: string, value: unknown) => boolean;

class Invalid extends Error {
  constructor(readonly errors: string[] | Record<string, unknown>) {
    super("invalid");
  }
}

const REQUIRED = "This field is required.";
const NULL = "This field may not be null.";
const TRUE = new Set<unknown>(["t", "y", "yes", "true", "on", "1", 1, true]);
const FALSE = new Set<unknown>(["f", "n", "no", "false", "off", "0", 0, false]);
const LABEL = "[a-z0-9\\u00a1-\\uffff](?:[a-z0-9\\u00a1-\\uffff-]{0,61}[a-z0-9\\u00a1-\\uffff])?";
const DOMAIN = `${LABEL}(?:\\.(?!-)[a-z0-9\\u00a1-\\uffff-]{1,63}(?<!-))*\\.(?!-)(?:[a-z\\u00a1-\\uffff-]{2,63}|xn--[a-z0-9]{1,59})(?<!-)\\.?`;
const OCTET = "(?:0|25[0-5]|2[0-4]\\d|1\\d?\\d?|[1-9]\\d?)";
const ADDRESS = new RegExp(
  `^(?:https?|ftps?)://(?:[^\\s:@/]+(?::[^\\s:@/]*)?@)?(?:${OCTET}(?:\\.${OCTET}){3}|\\[[0-9a-f:.]+\\]|${DOMAIN}|localhost)(?::[0-9]{1,5})?(?:[/?#]\\S*)?$`,
  "i",
);

/** Half of a character, which JSON can write and no database can store. */
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

const HALVES = new RegExp(HALF, "g");

/** Return the fields of a body, in the first of their spellings; throws an ApiError. */
export function readFields(schema: Schema, body: unknown, exists: Exists, partial: boolean): Fields {
  try {
    const cleaned = cleanObject(schema, body, exists, partial);
    return partial ? foldAliases(schema, cleaned) : { ...defaults(schema), ...foldAliases(schema, cleaned) };
  } catch (error) {
    if (error instanceof Invalid) throw new ApiError(400, error.errors);
    throw error;
  }
}

function foldAliases(schema: Schema, cleaned: Fields): Fields {
  const folded = { ...cleaned };
  const errors: Record<string, string[]> = {};
  for (const [alias, value] of Object.entries(cleaned)) {
    const name = schema.properties?.[alias]?.["x-alias-of"];
    if (!name) continue;
    delete folded[alias];
    if (name in folded && JSON.stringify(folded[name]) !== JSON.stringify(value)) {
      errors[name] = [`This field was sent twice, as "${name}" and as "${alias}", with different values.`];
    }
    folded[name] = value;
  }
  if (Object.keys(errors).length) throw new Invalid(errors);
  return folded;
}

function defaults(schema: Schema): Fields {
  const found = Object.entries(schema.properties ?? {}).filter(([, each]) => each.default !== undefined);
  return Object.fromEntries(found.map(([name, each]) => [name, each.default]));
}

function cleanObject(schema: Schema, value: unknown, exists: Exists, partial: boolean): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const message = `Invalid data. Expected a dictionary, but got ${typeName(value)}.`;
    throw new Invalid({ non_field_errors: [message] });
  }
  const sent = value as Fields;
  const cleaned: Fields = {};
  const errors: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    try {
      if (Object.hasOwn(sent, name)) cleaned[name] = clean(member, sent[name], exists);
      else if (!partial && schema.required?.includes(name)) throw new Invalid([REQUIRED]);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      errors[name] = error.errors;
    }
  }
  if (Object.keys(errors).length) throw new Invalid(errors);
  return cleaned;
}

function clean(schema: Schema, value: unknown, exists: Exists): unknown {
  if (schema["x-any"]) {
    if (hasHalf(value)) throw new Invalid(["Value must be valid JSON."]);
    return value;
  }
  const kinds = [schema.type ?? []].flat();
  const kind = kinds.find((each) => each !== "null");
  const nullable = kinds.includes("null");
  const reference = schema["x-reference"];
  if (kind === "string" && !reference && !schema.enum) return cleanText(schema, value, nullable);
  const given = reference && kind !== "array" && value === "" ? null : value;
  if (given === null) {
    if (nullable) return null;
    throw new Invalid([NULL]);
  }
  if (reference) return cleanReference(reference, kind, given, exists);
  if (kind === "boolean") return cleanBoolean(given);
  if (kind === "integer") return cleanInteger(schema, given);
  if (kind === "object") return cleanObject(schema, given, exists, true);
  if (kind === "array") return cleanList(schema, given, exists);
  return cleanChoice(schema, given);
}

function hasHalf(value: unknown): boolean {
  if (typeof value === "string") return HALF.test(value);
  return typeof value === "object" && value !== null && Object.entries(value).flat().some(hasHalf);
}

function cleanText(schema: Schema, value: unknown, nullable: boolean): string | null {
  if (value === null && nullable) return null;
  if (value === null) throw new Invalid([NULL]);
  if (typeof value === "string" && !strip(value)) {
    if (schema.minLength) throw new Invalid(["This field may not be blank."]);
    return "";
  }
  const isUrl = schema.format === "url";
  if (typeof value !== "string" && typeof value !== "number") {
    throw new Invalid([isUrl ? "Enter a valid URL." : "Not a valid string."]);
  }
  const text = strip(print(value));
  const errors: string[] = [];
  const length = [...text].length;
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    errors.push(`Ensure this field has no more than ${schema.maxLength} characters.`);
  }
  if (text.includes("\0")) errors.push("Null characters are not allowed.");
  const half = HALF.exec(text);
  if (half) errors.push(`Surrogate characters are not allowed: U+${half[0].charCodeAt(0).toString(16).toUpperCase()}.`);
  if (isUrl && !isAddress(text)) errors.push("Enter a valid URL.");
  if (errors.length) throw new Invalid(errors);
  return text;
}

/** Tell whether Django's URLValidator accepts a text. */
function isAddress(text: string): boolean {
  if ([...text].length > 2048 || !ADDRESS.test(text)) return false;
  const host = /^\w+:\/\/(?:[^/?#]*@)?(\[[^\]]*\]|[^:/?#]*)/.exec(text)?.[1] ?? "";
  return host.length <= 253 && (!host.startsWith("[") || URL.canParse(`http://${host}/`));
}

/** Write a value as Python prints it. */
function print(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  const text = Math.abs(value) < 1e-4 ? value.toExponential() : String(value);
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

/** Remove white space at both ends, as Python's `strip` does. */
function strip(text: string): string {
  return text.replace(/^(?:[^\S\ufeff]|[\x1c-\x1f\x85])+|(?:[^\S\ufeff]|[\x1c-\x1f\x85])+$/g, "");
}

function cleanReference(
  reference: { to: string; by: string },
  kind: string | undefined,
  value: unknown,
  exists: Exists,
): unknown {
  if (kind === "integer") {
    const number = typeof value === "number" ? Math.trunc(value) : parseInteger(value);
    if (!Number.isFinite(number)) {
      throw new Invalid([`Incorrect type. Expected pk value, received ${typeName(value)}.`]);
    }
    if (!exists(reference.to, number)) throw new Invalid([`Invalid pk "${BigInt(number)}" - object does not exist.`]);
    return number;
  }
  const lookUp = (slug: unknown): string => {
    if (typeof slug === "object" && slug !== null) throw unsupported("references that are not texts");
    const text = print(slug);
    if (HALF.test(text)) throw new Invalid(["Invalid value."]);
    if (!exists(reference.to, text)) throw new Invalid([`Object with ${reference.by}=${text} does not exist.`]);
    return text;
  };
  if (kind !== "array") return lookUp(value);
  if (typeof value === "object" && !Array.isArray(value)) throw unsupported("lists that are sent as objects");
  if (!Array.isArray(value)) throw new Invalid([notAList(value)]);
  return [...new Set(value.map(lookUp))];
}

function parseInteger(value: unknown): number {
  return typeof value === "string" && /^\s*[+-]?\d+(_\d+)*\s*$/.test(value) ? Number(value.replaceAll("_", "")) : NaN;
}

function cleanBoolean(value: unknown): boolean {
  const word = typeof value === "string" ? value.toLowerCase() : value;
  if (TRUE.has(word)) return true;
  if (FALSE.has(word)) return false;
  throw new Invalid(["Must be a valid boolean."]);
}

function cleanInteger(schema: Schema, value: unknown): number {
  if (typeof value === "string" && value.length > 1000) throw new Invalid(["String value too large."]);
  const text = print(value).replace(/\.0*\s*$/, "");
  const number = typeof value === "boolean" || Array.isArray(value) ? NaN : parseInteger(text);
  if (Number.isNaN(number)) throw new Invalid(["A valid integer is required."]);
  if (schema.maximum !== undefined && number > schema.maximum) {
    throw new Invalid([`Ensure this value is less than or equal to ${schema.maximum}.`]);
  }
  if (schema.minimum !== undefined && number < schema.minimum) {
    throw new Invalid([`Ensure this value is greater than or equal to ${schema.minimum}.`]);
  }
  return number;
}

function cleanList(schema: Schema, value: unknown, exists: Exists): unknown[] {
  if (!Array.isArray(value)) throw new Invalid([notAList(value)]);
  if (schema.minItems && !value.length) throw new Invalid(["This list may not be empty."]);
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    throw new Invalid([`Ensure this field has no more than ${schema.maxItems} elements.`]);
  }
  const errors: Record<string, unknown> = {};
  const cleaned = value.map((item, index) => {
    try {
      return clean(schema.items ?? {}, item, exists);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      errors[index] = error.errors;
      return undefined;
    }
  });
  if (Object.keys(errors).length) throw new Invalid(errors);
  return cleaned;
}

function cleanChoice(schema: Schema, value: unknown): string {
  if (typeof value === "object") throw unsupported("choices that are not texts");
  const text = print(value);
  if (!schema.enum?.includes(text)) throw new Invalid([`"${text.replace(HALVES, "?")}" is not a valid choice.`]);
  return text;
}

function notAList(value: unknown): string {
  return `Expected a list of items but got type "${typeName(value)}".`;
}

/** Return the name of a value's type as the framework, which is written in Python, prints it. */
function typeName(value: unknown): string {
  if (value === null) return "NoneType";
  if (Array.isArray(value)) return "list";
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 1e21 ? "int" : "float";
  return { string: "str", boolean: "bool" }[typeof value as string] ?? "dict";
}
