import { KEY_KINDS, type KeyKind } from '@flagwire/protocol/admin';
import { originMistakes } from '../../auth/credential-rules.js';
import { type Check, integer, line, list, oneOf, orNull, time } from './checks.js';
import { Field, OptionalField } from './field.decorator.js';

const A_DAY = 86_400;
const MOST_GRACE = 90 * A_DAY;

const origins: Check = (value) => {
  const wrong = list(line(255), 100)(value);
  if (wrong !== null) return wrong;
  const [first] = originMistakes(value as string[]);
  return first === undefined ? null : `has a wrong entry: ${first.path} ${first.message}`;
};

/** A new SDK key. */
export class CreateSdkKeyRequest {
  @Field(line(200), { type: String, minLength: 1, maxLength: 200 })
  name!: string;

  @Field(oneOf(KEY_KINDS), {
    enum: KEY_KINDS,
    description: '`server` reads definitions, `client` (browsers, phones) only values.',
  })
  kind!: KeyKind;

  @OptionalField(orNull(time), { type: String, format: 'date-time', nullable: true, description: 'Absent or null: never.' })
  expires_at?: string | null;

  @OptionalField(origins, { type: [String], maxItems: 100, example: ['https://app.example.com'] })
  allowed_origins?: string[];
}

export class RotateSdkKeyRequest {
  @OptionalField(integer(0, MOST_GRACE), {
    type: 'integer',
    minimum: 0,
    maximum: MOST_GRACE,
    default: A_DAY,
    description: 'Seconds for which the old key goes on to work.',
  })
  grace_seconds?: number;
}

export function graceOf({ grace_seconds }: RotateSdkKeyRequest): number {
  return grace_seconds ?? A_DAY;
}
