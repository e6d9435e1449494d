import { isObject, type Json, type JsonObject } from './json.js';

export const FLAG_STATUSES = ['enabled', 'disabled', 'deprecated'] as const;
/** `disabled`: SDKs serve the code default. `deprecated`: evaluates, the SDK warns once. */
export type FlagStatus = (typeof FLAG_STATUSES)[number];

export const VALUE_TYPES = ['boolean', 'string', 'number', 'object'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

export interface FlagMetadata {
  /** +1 for each change of this flag in this environment. */
  version: number;
  /** RFC 3339, milliseconds, UTC. */
  created_at: string;
  updated_at: string;
  tags: string[];
  owner: string | null;
  critical: boolean;
}

/** A flag as one environment sees it (protocol section 3). */
export interface FlagDefinition {
  id: string;
  name: string;
  description: string;
  status: FlagStatus;
  value_type: ValueType;
  variants: Record<string, Json>;
  /** A key of `variants`; null: the code default. */
  default_variant: string | null;
  /** JSONLogic as flagd defines it; `{}` for none. */
  targeting: JsonObject;
  metadata: FlagMetadata;
}

const FLAG_ID = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}$/;

/** True for what may be a flag's id: the grammar only; reserved names are refused where flags are made. */
export function isFlagId(value: unknown): value is string {
  return typeof value === 'string' && FLAG_ID.test(value);
}

function isOneOf<T extends string>(value: unknown, all: readonly T[]): value is T {
  return all.includes(value as T);
}

export function isFlagStatus(value: unknown): value is FlagStatus {
  return isOneOf(value, FLAG_STATUSES);
}

export function isValueType(value: unknown): value is ValueType {
  return isOneOf(value, VALUE_TYPES);
}

function isMetadata(value: unknown): value is FlagMetadata {
  return isObject(value) && Number.isSafeInteger(value['version']) && typeof value['updated_at'] === 'string';
}

/** The definition, or null where `value` is not one. Fields that are not known are kept: a newer server may send more. */
export function parseFlagDefinition(value: unknown): FlagDefinition | null {
  if (!isObject(value) || !isFlagId(value['id'])) return null;
  const { status, value_type, variants, default_variant, targeting, metadata } = value;
  const whole =
    isFlagStatus(status) &&
    isValueType(value_type) &&
    isObject(variants) &&
    (default_variant === null || typeof default_variant === 'string') &&
    isObject(targeting) &&
    isMetadata(metadata);
  return whole ? (value as unknown as FlagDefinition) : null;
}
