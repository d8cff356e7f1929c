// What the handlers know of the contract and of a world.

export interface Schema {
  type?: string | string[];
  format?: string;
  enum?: string[];
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  default?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  "x-any"?: boolean;
  "x-alias-of"?: string;
  "x-reference"?: { to: string; by: string };
}

export interface Operation {
  path: string;
  method: string;
  id: string;
  since: string;
  roles: string[] | null;
  denied: string | null;
  responses: Record<string, { media: string | null; examples: [string, unknown][] }>;
}

export interface Contract {
  operations: Operation[];
  credential: Schema;
}

export interface Platform {
  key: string;
  org: string;
}

export interface User {
  id: number;
  username: string;
  platform: string;
  role: string;
  active: boolean;
}

export interface Signatory {
  entityId: string;
  name: string;
  title: string;
  signature: string;
}

export interface Issuer {
  entityId: string;
  platform: string;
  name: string;
  url?: string | null;
  iconImage?: string | null;
  icon_image_id?: number | null;
  allowed_template_tags?: string[];
  signatories?: Signatory[];
}

export type Fields = Record<string, unknown>;

export interface Credential extends Fields {
  entityId: string;
  platform: string;
  issuer: string;
  public?: boolean;
  createdAt: string;
  name: string;
}

export interface Assertion extends Fields {
  credential: string;
  revoked?: boolean;
  expires?: string | null;
}

/** A world document, as `credmock ctl export` writes it. */
export interface WorldDocument extends Record<string, unknown> {
  format: string;
  platforms: Platform[];
  users: User[];
  api_keys: { key: string; user_id: number; active?: boolean }[];
  images?: { id: number; platform: string; file?: string }[];
  courses?: { platform: string; course_id: string; name: string }[];
  programs?: { platform: string; program_id: string; name: string }[];
  pathways?: { platform: string; pathway_id: string; name: string }[];
  issuers: Issuer[];
  credentials: Credential[];
  assertions?: Assertion[];
}
