import { type FlagDefinition, type Message, type StatusChange } from './wire-types.js';

const FLAG_ID = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,127}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const STATUSES: readonly unknown[] = ['enabled', 'disabled', 'deprecated'];
const REASONS: readonly unknown[] = [
  ...['shutdown', 'overload', 'max_age', 'stale', 'key_revoked', 'key_expired', 'environment_deleted'],
];

type Check = readonly [field: string, holds: boolean];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isVersion(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && TIME.test(value);
}

function isOfType(value: unknown, type: unknown): boolean {
  return type === 'object' ? isRecord(value) : typeof value === type;
}

function metadataChecks(metadata: unknown): Check[] {
  if (!isRecord(metadata)) return [['metadata', false]];
  const { version, created_at, updated_at, tags, owner, critical } = metadata;
  return [
    ['metadata.version', isVersion(version)],
    ['metadata.created_at', isTime(created_at)],
    ['metadata.updated_at', isTime(updated_at)],
    ['metadata.tags', Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')],
    ['metadata.owner', owner === null || typeof owner === 'string'],
    ['metadata.critical', typeof critical === 'boolean'],
  ];
}

function definitionChecks(flag: FlagDefinition): Check[] {
  const { id, name, description, status, value_type, variants, default_variant, targeting, metadata } = flag;
  const held = isRecord(variants) ? variants : {};
  return [
    ['id', FLAG_ID.test(id)],
    ['name', typeof name === 'string'],
    ['description', typeof description === 'string'],
    ['status', STATUSES.includes(status)],
    ['value_type', ['boolean', 'string', 'number', 'object'].includes(value_type)],
    ['variants', isRecord(variants) && Object.values(held).every((value) => isOfType(value, value_type))],
    ['default_variant', default_variant === null || Object.hasOwn(held, default_variant)],
    ['targeting', isRecord(targeting)],
    ...metadataChecks(metadata),
  ];
}

function statusChecks(change: StatusChange): Check[] {
  return [
    ['flag_id', FLAG_ID.test(change.flag_id)],
    ['old_status', STATUSES.includes(change.old_status) && change.old_status !== change.new_status],
    ['new_status', STATUSES.includes(change.new_status)],
    ['version', isVersion(change.version)],
    ['updated_at', isTime(change.updated_at)],
  ];
}

function checks(message: Message): Check[] {
  const { type, data } = message;
  switch (type) {
    case 'FlagCreated':
    case 'FlagUpdated':
      return definitionChecks(data);
    case 'FlagDeleted':
      return [
        ['flag_id', FLAG_ID.test(data.flag_id)],
        ['version', isVersion(data.version)],
      ];
    case 'FlagStatusChanged':
      return statusChecks(data);
    case 'SyncStarted':
      return [
        ['mode', data.mode === 'full' || data.mode === 'delta'],
        ['connection_id', typeof data.connection_id === 'string' && data.connection_id !== ''],
        ['protocol', data.protocol === 1],
      ];
    case 'SyncComplete':
      return [['flag_count', Number.isSafeInteger(data.flag_count)]];
    case 'Heartbeat':
      return [
        // Seconds, not milliseconds: those would lie in the year 50000.
        ['timestamp', data.timestamp > 1_500_000_000 && data.timestamp < 10_000_000_000],
        ['age_ms', data.age_ms >= 0],
      ];
    case 'Goodbye':
      return [
        ['reason', REASONS.includes(data.reason)],
        ['retry_after_ms', data.retry_after_ms === null || data.retry_after_ms >= 0],
      ];
    case 'Error':
      return [
        ['code', typeof data.code === 'string'],
        ['message', typeof data.message === 'string'],
      ];
    case 'Pong':
      return [];
  }
}

/** What is wrong with the fields of a message's data (protocol sections 2 and 3); null where nothing is. */
export function shapeFault(message: Message): string | null {
  const wrong = checks(message).flatMap(([field, holds]) => (holds ? [] : [field]));
  return wrong.length === 0 ? null : `has no valid ${wrong.join(', ')}: ${JSON.stringify(message.data)}`;
}
