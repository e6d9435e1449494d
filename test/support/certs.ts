import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface TestCertificates {
  /** PEM of the authority that signed `cert`. */
  ca: string;
  /** PEM of the server's private key. */
  key: string;
  /** PEM of the server's certificate. */
  cert: string;
}

/** Whether the `openssl` program is here; hand the negation to `skipIf`. */
export function hasOpenssl(): boolean {
  return spawnSync('openssl', ['version'], { stdio: 'ignore' }).status === 0;
}

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/**
 * A fresh authority and a server certificate signed by it, valid for two days, for `hosts` (names and addresses).
 * Nothing stays on disk.
 * @throws Error with the output of `openssl` where it is missing or fails.
 */
export async function makeCertificates(hosts: readonly string[] = ['localhost', '127.0.0.1']): Promise<TestCertificates> {
  const folder = await mkdtemp(join(tmpdir(), 'flagwire-certs-'));
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  try {
    const names = hosts.map((host) => `${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`).join(',');
    await writeFile(join(folder, 'extensions'), `subjectAltName=${names}\nbasicConstraints=CA:FALSE\n`);
    await openssl(
      ...['req', '-x509', ...EC_KEY, '-days', '2', '-subj', '/CN=Flagwire test authority'],
      ...['-keyout', 'ca.key', '-out', 'ca.crt'],
    );
    await openssl('req', ...EC_KEY, '-subj', `/CN=${hosts[0] ?? 'localhost'}`, '-keyout', 'key', '-out', 'request');
    await openssl(
      ...['x509', '-req', '-in', 'request', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'],
      ...['-extfile', 'extensions', '-out', 'crt'],
    );
    const read = (name: string) => readFile(join(folder, name), 'utf8');
    return { ca: await read('ca.crt'), key: await read('key'), cert: await read('crt') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
