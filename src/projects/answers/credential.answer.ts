import { KEY_KINDS, type KeyKind, type Role, ROLES, type SdkKeyRecord } from '@flagwire/protocol/admin';
import { ApiProperty } from '@nestjs/swagger';
import { type AdminTokenWire } from '../../auth/admin-tokens.js';

const moment = { type: String, format: 'date-time' } as const;
const momentOrNull = { ...moment, nullable: true } as const;

class CredentialAnswer {
  @ApiProperty({ type: String })
  id!: string;

  @ApiProperty({ type: String })
  name!: string;

  @ApiProperty({ type: String, description: 'How it begins, to tell one from another.' })
  prefix!: string;

  @ApiProperty(moment)
  created_at!: string;

  @ApiProperty(momentOrNull)
  expires_at!: string | null;

  @ApiProperty({ ...momentOrNull, description: 'Roughly: written at most once a minute.' })
  last_used_at!: string | null;

  @ApiProperty(momentOrNull)
  revoked_at!: string | null;
}

/** An SDK key as lists show it: never its secret. */
export class SdkKeyAnswer extends CredentialAnswer implements SdkKeyRecord {
  @ApiProperty({ enum: KEY_KINDS })
  kind!: KeyKind;

  @ApiProperty({ type: [String] })
  allowed_origins!: string[];
}

export class CreatedSdkKeyAnswer extends SdkKeyAnswer {
  @ApiProperty({ type: String, description: 'The key itself. Shown this once.' })
  key!: string;
}

/** An admin token as lists show it: never its secret. */
export class TokenAnswer extends CredentialAnswer implements AdminTokenWire {
  @ApiProperty({ enum: ROLES })
  role!: Role;

  @ApiProperty({ type: String, nullable: true, description: 'The only project it opens; null: all.' })
  project!: string | null;

  @ApiProperty({ type: [String], nullable: true, description: 'The only environments it opens; null: all.' })
  environments!: string[] | null;
}

export class CreatedTokenAnswer extends TokenAnswer {
  @ApiProperty({ type: String, description: 'The token itself. Shown this once.' })
  token!: string;
}
