import { KEY_KINDS, type KeyKind, type SdkKeyRecord } from '@flagwire/protocol/admin';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { usage } from '../command-error.js';
import { collect, type EnvironmentOptions, inEnvironment as inEnvironmentOptions, once } from '../options.js';
import { table } from '../output/table.js';
import { runs } from '../run.js';
import { environmentOf, inEnvironment } from '../session.js';

interface CreateOptions extends EnvironmentOptions {
  name: string;
  kind: KeyKind;
  expires?: string;
  origin?: string[];
  idempotencyKey?: string;
}

interface RotateOptions extends EnvironmentOptions {
  grace?: number;
  idempotencyKey?: string;
}

/** Shown once. */
type Issued = SdkKeyRecord & { key: string };

const KEY_ID = /^[0-9a-f-]{36}$/i;
const ONLY_ONCE = 'It is shown only this once.';

export function addKeys(program: Command): void {
  const keys = program.command('keys').description('SDK keys of an environment: list, create, rotate, revoke.');
  addKeyList(keys);
  addCreate(keys);
  addRotate(keys);
  addRevoke(keys);
}

function addKeyList(keys: Command): void {
  const command = keys.command('list').description('Lists the keys, also those that are dead.');
  inEnvironmentOptions(command);
  runs<EnvironmentOptions>(command, async ({ api, options, terminal }) => {
    const items: SdkKeyRecord[] = [];
    for await (const key of api.pages<SdkKeyRecord>(inEnvironment(options, 'sdk-keys'))) items.push(key);
    const rows = items.map((key) => [
      key.id,
      key.kind,
      `${key.prefix}…`,
      key.revoked_at !== null ? `revoked ${key.revoked_at}` : key.expires_at !== null ? `until ${key.expires_at}` : 'for ever',
      key.last_used_at ?? 'never',
      key.name,
    ]);
    const text = items.length === 0 ? 'No key.' : table(['ID', 'KIND', 'BEGINS', 'VALID', 'LAST USED', 'NAME'], rows);
    terminal.result({ items }, text);
  });
}

function addCreate(keys: Command): void {
  const command = keys.command('create').description('Makes a key and shows it, this once.');
  once(inEnvironmentOptions(command))
    .requiredOption('-n, --name <name>', 'what it is for')
    .addOption(
      new Option('-k, --kind <kind>', 'server reads definitions, client (browsers, phones) only values')
        .choices(KEY_KINDS)
        .default('server'),
    )
    .option('--expires <time>', 'such as 2030-01-01T00:00:00Z; default: never')
    .option(
      '--origin <origin>',
      'of web pages that may use it, such as https://app.example.com; may be given more than once',
      collect,
    );
  runs<CreateOptions>(command, async ({ api, options, terminal }) => {
    const { name, kind, expires, origin, idempotencyKey } = options;
    const body = JSON.stringify({
      name,
      kind,
      ...(expires !== undefined && { expires_at: expires }),
      ...(origin !== undefined && { allowed_origins: origin }),
    });
    const call = { method: 'POST', path: inEnvironment(options, 'sdk-keys'), body, idempotencyKey } as const;
    const { body: made } = await api.call<Issued>(call);
    terminal.note(`The ${kind} key ${made.id} of ${environmentOf(options)}. ${ONLY_ONCE}`);
    terminal.result(made, made.key);
  });
}

function addRotate(keys: Command): void {
  const command = keys.command('rotate').description('Makes a key in place of another one, which goes on to work for a while.');
  once(inEnvironmentOptions(command.argument('<id>', 'of the old key: see keys list'))).option(
    '--grace <seconds>',
    'for which the old key goes on to work; default: a day',
    grace,
  );
  runs<RotateOptions>(command, async ({ api, options, terminal }, id = '') => {
    const body = JSON.stringify(options.grace === undefined ? {} : { grace_seconds: options.grace });
    const path = inEnvironment(options, `sdk-keys/${keyId(id)}/rotate`);
    const { body: made } = await api.call<Issued>({ method: 'POST', path, body, idempotencyKey: options.idempotencyKey });
    terminal.note(`The ${made.kind} key ${made.id} in place of ${id}. ${ONLY_ONCE}`);
    terminal.result(made, made.key);
  });
}

function addRevoke(keys: Command): void {
  const command = keys.command('revoke').description('Revokes a key: its connections are closed within a second.');
  inEnvironmentOptions(command.argument('<id>', 'of the key: see keys list'));
  runs<EnvironmentOptions>(command, async ({ api, options, terminal }, id = '') => {
    await api.call({ method: 'DELETE', path: inEnvironment(options, `sdk-keys/${keyId(id)}`) });
    terminal.result({ id, revoked: true }, `The key ${id} is revoked.`);
  });
}

function grace(text: string): number {
  if (!/^\d{1,8}$/.test(text)) throw new InvalidArgumentError('Give whole seconds, 0 for none.');
  return Number(text);
}

function keyId(text: string): string {
  if (KEY_ID.test(text)) return text.toLowerCase();
  // It is not quoted: it may be the key itself.
  throw usage('That is no key’s id.', 'See flagwire keys list. The key itself is never an argument.');
}
