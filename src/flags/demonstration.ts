import { Injectable } from '@nestjs/common';
import { type EntityManager } from 'typeorm';
import { AdminTokens } from '../auth/admin-tokens.js';
import { SdkKeys } from '../auth/sdk-keys.js';
import { type Environment } from '../projects/environment.entity.js';
import { type Project } from '../projects/project.entity.js';
import { FlagCreation } from './flag-creation.js';
import { FlagWrites } from './flag-writes.js';

/** What the first start prints, once; it is stored nowhere. */
export interface FirstStartSecrets {
  adminToken: string;
  serverKey: string;
  clientKey: string;
}

const ACTOR = 'first start';
const LIVE = 'development';

/** What lets a newcomer see a flag change without having made anything: a token, a flag and two keys. */
@Injectable()
export class Demonstration {
  constructor(
    private readonly writes: FlagWrites,
    private readonly flags: FlagCreation,
    private readonly tokens: AdminTokens,
    private readonly keys: SdkKeys,
  ) {}

  /** In the transaction that has made the project and these environments. */
  async make(manager: EntityManager, project: Project, environments: readonly Environment[]): Promise<FirstStartSecrets> {
    const write = await this.writes.begin(manager, project, environments);
    const request = { id: 'welcome', name: 'Welcome', value_type: 'boolean', variants: { on: true, off: false } } as const;
    const settings = new Map([[LIVE, { status: 'enabled' } as const]]);
    const description = 'Made by the first start, to have something to switch.';
    await this.flags.insert(write, { request: { ...request, description, default_variant: 'on' }, settings }, ACTOR);

    const live = environments.find(({ key }) => key === LIVE);
    if (live === undefined) throw new TypeError(`There is no environment ${LIVE}`);
    const key = async (kind: 'server' | 'client'): Promise<string> => {
      const { secret } = await this.keys.create(manager, live.id, { name: ACTOR, kind, expiresAt: null, allowedOrigins: [] });
      return secret;
    };
    const token = { name: ACTOR, role: 'admin', projectId: null, environments: null, expiresAt: null } as const;
    const { secret: adminToken } = await this.tokens.create(manager, token);
    return { adminToken, serverKey: await key('server'), clientKey: await key('client') };
  }
}
