import { existsSync, readFileSync } from 'node:fs';
import { masked, SecretSearch } from './secret-search.js';
import { type Environment } from './server-process.js';

/** The answers that show a secret, once. */
const SHOWING = /\/(sdk-keys|sdk-keys\/[^/]+\/rotate|api\/tokens|sdk\/ticket)$|^\/ofrep\/v1\/evaluate\/flags$/;
const PASSWORD = /^\w+:\/\/[^:/@]*:(.*)@/;

/** All secrets that this test file has seen. Servers of one file may share a database; those of two share nothing. */
export const knownSecrets = new SecretSearch();

/** Since they were taken: what answers showed and should not have, and how much was looked at. */
let seen = { findings: [] as string[], bytes: 0 };

/** What a server is given and has to keep to itself: the admin token, and the password in each address. */
export function noteSettings(env: Environment): void {
  const { FLAGWIRE_ADMIN_TOKEN: token, FLAGWIRE_ADMIN_TOKEN_FILE: file } = env;
  if (token !== undefined) knownSecrets.note(token, 'FLAGWIRE_ADMIN_TOKEN');
  if (file !== undefined && existsSync(file)) knownSecrets.note(readFileSync(file, 'utf8').trim(), 'FLAGWIRE_ADMIN_TOKEN');
  for (const [name, value = ''] of Object.entries(env)) {
    const password = PASSWORD.exec(value)?.[1];
    if (password !== undefined) knownSecrets.note(password, `the password in ${name}`);
  }
}

/** Looks at what must not show a secret, such as a refusal. @param what says where it came from. */
export function watchRefusal(what: string, text: string): void {
  seen.bytes += text.length;
  const found = knownSecrets.find(text);
  if (found.length > 0) seen.findings.push(`${masked(what)} shows ${found.join(', ')}`);
}

/** Looks at an answer: notes a secret that it may show, and remembers one that it may not. */
export function watchAnswer({ pathname }: URL, method: string, status: number, text: string): void {
  if (method === 'POST' && (status === 200 || status === 201) && SHOWING.test(pathname)) return knownSecrets.noteAll(text);
  // Good answers are many and long: there, the first letters decide.
  if (status >= 400 || text.includes('fw_')) watchRefusal(`the answer ${status} to ${method} ${pathname}`, text);
}

/** What was found in answers since the last time, and how many characters of them were searched. */
export function takeSeen(): { findings: string[]; bytes: number } {
  const taken = seen;
  seen = { findings: [], bytes: 0 };
  return taken;
}
