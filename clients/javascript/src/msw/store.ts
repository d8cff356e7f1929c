// The records that the handlers serve: a copy of a world document, and how it is rendered.

import type { Assertion, Credential, Fields, Issuer, Platform, User, WorldDocument } from "./types.js";

export const IMAGES = { iconImage: "icon_image_id", backgroundImage: "background_image_id", thumbnailImage: "thumbnail_image_id" };
const REFERENCES = { courses: "course_id", programs: "program_id", pathways: "pathway_id" } as const;
type Collection = keyof typeof REFERENCES;
const FORMAT = "credmock-world/1";

/** The fields of a credential that was created with none of them. */
const DEFAULTS: Fields = {
  ...{ name_override: null, description: null, criteriaUrl: null, criteriaNarrative: null },
  ...{ iconImage: null, backgroundImage: null, thumbnailImage: null },
  ...{ icon_image_id: null, background_image_id: null, thumbnail_image_id: null },
  ...{ catalog_items: [], courses: [], programs: [], pathways: [] },
  ...{ html_template: null, css_template: null, metadata: null },
  ...{ credentialType: "MICRO_CREDENTIAL", signal: "COURSE_PASSED" },
  expires: { amount: null, duration: null },
  tags: null,
};

export class Store {
  readonly world: WorldDocument;

  constructor(world: WorldDocument) {
    if (world?.format !== FORMAT) {
      throw new TypeError(`world: expected a document of the format ${FORMAT}, such as \`credmock ctl export\` writes`);
    }
    this.world = structuredClone(world);
  }

  findPlatform(name: string): Platform | undefined {
    const { platforms } = this.world;
    return platforms.find((each) => each.key === name) ?? platforms.find((each) => each.org === name);
  }

  findUser(platform: string, name: string): User | undefined {
    const users = this.world.users.filter((each) => each.platform === platform);
    const byNumber = /^\d{1,19}$/.test(name) ? users.find((each) => each.id === Number(name)) : undefined;
    return byNumber ?? users.find((each) => each.username === name);
  }

  /** Tell whether something exists on a platform that the body of a credential refers to. */
  exists(platform: string, collection: string, value: unknown): boolean {
    const { issuers, images = [] } = this.world;
    if (collection === "issuers") return issuers.some((each) => each.entityId === value && each.platform === platform);
    if (collection === "images") return images.some((each) => each.id === value && each.platform === platform);
    return this.#nameOf(collection as Collection, platform, value) !== undefined;
  }

  /** Return the public credentials of a platform that pass the filters, the newest first. */
  list(platform: string, filters: { search?: string; course?: string; program?: string }): Credential[] {
    const { search, course, program } = filters;
    const holds = (each: Credential, name: string, value?: string): boolean =>
      !value || ((each[name] ?? []) as string[]).includes(value);
    return this.world.credentials
      .filter((each) => each.platform === platform && each.public !== false)
      .filter((each) => holds(each, "courses", course) && holds(each, "programs", program))
      .filter((each) => !search || hasText(each, search))
      .reverse();
  }

  find(entityId: string): Credential | undefined {
    return this.world.credentials.find((each) => each.entityId === entityId);
  }

  create(platform: string, body: Fields): Credential {
    const created = { entityId: newEntityId(), platform, public: true, createdAt: formatTime(new Date()), ...DEFAULTS };
    const credential = replaceFields(created as unknown as Credential, body);
    this.world.credentials.push(credential);
    return credential;
  }

  update(old: Credential, body: Fields): Credential {
    const kept = { ...old };
    if (body["issuer"] !== undefined && body["issuer"] !== old.issuer) delete kept["signatories"];
    const credential = replaceFields(kept, body);
    this.world.credentials[this.world.credentials.indexOf(old)] = credential;
    return credential;
  }

  remove(credential: Credential): void {
    const isOther = (each: Fields): boolean => each["credential"] !== credential.entityId;
    this.world.credentials.splice(this.world.credentials.indexOf(credential), 1);
    for (const name of ["assertions", "assignments", "external_mappings"]) {
      const records = this.world[name];
      if (Array.isArray(records)) this.world[name] = records.filter(isOther);
    }
  }

  /** Tell whether somebody holds a credential: an assertion that is neither revoked nor expired. */
  isHeld(credential: Credential): boolean {
    const isActive = (each: Assertion): boolean => !each.revoked && !(each.expires && Date.parse(each.expires) <= Date.now());
    return (this.world.assertions ?? []).some((each) => each.credential === credential.entityId && isActive(each));
  }

  /** Return a credential as the API writes it; `base` is the address of the service. */
  render(credential: Credential, base: string): Fields {
    const fields: Fields = { ...DEFAULTS, ...credential };
    const issuer = this.world.issuers.find((each) => each.entityId === credential.issuer);
    const named = (collection: Collection): Fields[] =>
      ((fields[collection] ?? []) as string[]).map((id) => ({
        name: this.#nameOf(collection, credential.platform, id),
        [REFERENCES[collection]]: id,
      }));
    const take = (...names: string[]): Fields => Object.fromEntries(names.map((name) => [name, fields[name]]));
    const images = Object.entries(IMAGES).flatMap(([name, idName]) => [
      [name, this.#image(fields[idName], fields[name], base)],
      [idName, fields[idName]],
    ]);
    return {
      ...take("entityId", "name", "name_override", "description", "criteriaUrl", "criteriaNarrative", "createdAt"),
      ...Object.fromEntries(images),
      ...take("catalog_items"),
      ...{ courses: named("courses"), programs: named("programs"), pathways: named("pathways") },
      issuerDetails: issuer && this.#renderIssuer(issuer, base),
      ...take("html_template", "css_template", "metadata", "credentialType", "expires", "tags"),
      signatories: issuer && chooseSignatories(credential, issuer, base),
      ...take("signal"),
    };
  }

  #renderIssuer(issuer: Issuer, base: string): Fields {
    return {
      name: issuer.name,
      org: issuer.platform,
      entityId: issuer.entityId,
      signatories: renderSignatories(issuer.signatories ?? [], base),
      url: issuer.url ?? null,
      iconImage: this.#image(issuer.icon_image_id, issuer.iconImage, base),
      allowed_template_tags: issuer.allowed_template_tags ?? null,
    };
  }

  #image(id: unknown, address: unknown, base: string): unknown {
    if (id === null || id === undefined) return address ?? null;
    const image = this.world.images?.find((each) => each.id === id);
    return `${base}/__mock__/images/${image?.file ?? `${id}`}`;
  }

  #nameOf(collection: Collection, platform: string, id: unknown): string | undefined {
    const records = (this.world[collection] ?? []) as ({ platform: string; name: string } & Fields)[];
    return records.find((each) => each.platform === platform && each[REFERENCES[collection]] === id)?.name;
  }
}

/** Put the values of a body into a credential; the parts of an object that were not sent stay. */
function replaceFields(credential: Credential, body: Fields): Credential {
  const fields = { ...credential };
  for (const [name, value] of Object.entries(body)) {
    const old = fields[name];
    const merges = name === "expires" || (name === "metadata" && isObject(old) && isObject(value));
    fields[name] = merges ? { ...(old as Fields), ...(value as Fields) } : value;
  }
  for (const [name, idName] of Object.entries(IMAGES)) {
    if (body[idName] !== null && body[idName] !== undefined) fields[name] = null;
    else if (name in body || idName in body) fields[idName] = null;
  }
  return fields;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tell whether a term occurs in a text of a credential, in any case. */
function hasText(credential: Credential, search: string): boolean {
  const fold = (text: string): string => text.toLowerCase().replaceAll("ß", "ss").replaceAll("ς", "σ");
  const texts = [credential.name, credential["name_override"], credential["description"]];
  return texts.some((text) => typeof text === "string" && fold(text).includes(fold(search)));
}

/** Return the issuer's signatories, or those chosen among them, then the credential's own. */
function chooseSignatories(credential: Credential, issuer: Issuer, base: string): Fields[] {
  const chosen = credential["signatories"] as string[] | null | undefined;
  const all = issuer.signatories ?? [];
  const signing = chosen ? chosen.flatMap((id) => all.filter((each) => each.entityId === id)) : all;
  const own = (credential["own_signatories"] ?? []) as NonNullable<Issuer["signatories"]>;
  return renderSignatories([...signing, ...own], base);
}

function renderSignatories(signatories: NonNullable<Issuer["signatories"]>, base: string): Fields[] {
  return signatories.map(({ entityId, name, title, signature }) => ({
    ...{ entityId, name, title },
    signature: signature.startsWith("/__mock__/images/") ? base + signature : signature,
  }));
}

/** Return an entityId: 16 random bytes as the API writes them. */
function newEntityId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function formatTime(moment: Date): string {
  return moment.toISOString().replace(/(\.\d{3})Z$/, "$1000Z");
}
