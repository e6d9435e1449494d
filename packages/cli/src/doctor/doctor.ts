import { isObject } from '@flagwire/protocol/sync';
import { connectionFault } from '../api/connection-fault.js';
import { clockFinding } from './clock.js';
import { keyFormFinding, tokenFormFinding } from './credential.js';
import { CHECKS, type CheckName, type Finding, found } from './finding.js';
import { streamFinding } from './stream-finding.js';
import { NO_FLAG, watchStream } from './stream.js';

export interface Patient {
  /** Ends with a slash. */
  readonly url: URL;
  readonly token: string | null;
  readonly key: string | null;
  /** For each request. */
  readonly timeoutMs: number;
  /** For the first sync of a stream. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

interface Reply {
  status: number;
  headers: Headers;
  /** Parsed where it is JSON. */
  body: unknown;
  sentAt: number;
  cameAt: number;
}

/** Looks at a server as its clients do, from here. Writes nothing. */
export class Doctor {
  private readonly findings: Finding[] = [];

  constructor(private readonly patient: Patient) {}

  /** One finding for each check, in their order. */
  async examine(): Promise<Finding[]> {
    if (await this.look('reach', () => this.reach())) {
      await this.look('ready', () => this.ready());
      await this.look('token', () => this.token());
      if (await this.look('key', () => this.key())) await this.look('stream', () => this.stream());
    }
    return CHECKS.map((check) => this.findings.find((one) => one.check === check) ?? found(check, 'skipped', 'not looked at'));
  }

  private async reach(): Promise<boolean> {
    const { url } = this.patient;
    const reply = await this.get('health/live');
    const { status, headers, body, sentAt, cameAt } = reply;
    if (status !== 200 || !isObject(body) || body['status'] !== 'ok') {
      const detail = `${url.href}health/live answers ${status} (${headers.get('content-type') ?? 'no type'}), not as Flagwire does`;
      this.add(found('reach', 'fault', detail, 'Check the address, and what stands between.'));
      return false;
    }
    this.add(found('reach', 'ok', `${url.href} answers in ${Math.max(0, cameAt - sentAt)} ms`));
    this.add(clockFinding(headers.get('date'), reply));
    this.add(encryptionFinding(url));
    return true;
  }

  private async ready(): Promise<void> {
    const { status, body } = await this.get('health/ready');
    if (!isObject(body) || typeof body['status'] !== 'string') {
      this.add(found('ready', 'fault', `/health/ready answers ${status}, not as Flagwire does`, 'Check what stands between.'));
      return;
    }
    const { status: state, database, listener, version } = body;
    const detail = `${state}; database ${String(database)}, wake-ups ${String(listener)}`;
    const hint = 'See "Health" in docs/operations.md, and the log of the server.';
    const verdict = status !== 200 ? 'fault' : state === 'ok' ? 'ok' : 'warning';
    this.add(found('ready', verdict, detail, verdict === 'ok' ? undefined : hint));
    this.add(
      typeof version === 'string'
        ? found('version', 'ok', `the server is ${version}`)
        : found('version', 'warning', 'the server does not tell it: it is older than this command line', 'Update the server.'),
    );
  }

  private async token(): Promise<void> {
    const { token } = this.patient;
    if (token === null) return this.add(found('token', 'skipped', 'none was given: FLAGWIRE_TOKEN, or --token-file'));
    const form = tokenFormFinding(token);
    if (form !== null) return this.add(form);
    const { status, body } = await this.get('api/projects?limit=1', token);
    this.add(acceptance('token', status, body));
  }

  /** @returns whether a stream can be opened with it. */
  private async key(): Promise<boolean> {
    const { key } = this.patient;
    if (key === null) {
      this.add(found('key', 'skipped', 'none was given: FLAGWIRE_SDK_KEY, or --key-file'));
      this.add(found('stream', 'skipped', 'needs a server key'));
      return false;
    }
    const form = keyFormFinding(key);
    if (form === null) {
      const { status, body } = await this.get(`sdk/poll?flags=${NO_FLAG}`, key);
      const finding = acceptance('key', status, body);
      this.add(finding);
      return finding.verdict === 'ok';
    }
    this.add(form);
    this.add(found('stream', 'skipped', 'needs a server key that is good'));
    return false;
  }

  private async stream(): Promise<void> {
    const { url, key, patienceMs, signal } = this.patient;
    this.add(streamFinding(await watchStream(url, key ?? '', patienceMs, signal), patienceMs));
  }

  /** A connection that fails is a finding of `check` too. */
  private async look<T>(check: CheckName, at: () => Promise<T>): Promise<T | null> {
    try {
      return await at();
    } catch (error) {
      const { message, hint } = this.fault(error);
      this.add(found(check, 'fault', message, hint ?? undefined));
      return null;
    }
  }

  private async get(path: string, credential?: string): Promise<Reply> {
    const { url, timeoutMs, signal } = this.patient;
    const sentAt = Date.now();
    const response = await fetch(new URL(path, url), {
      headers: credential === undefined ? {} : { Authorization: `Bearer ${credential}` },
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    const cameAt = Date.now();
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text), sentAt, cameAt };
  }

  private fault(error: unknown): { message: string; hint: string | null } {
    this.patient.signal.throwIfAborted();
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    return isLate
      ? { message: `no answer within ${this.patient.timeoutMs / 1000} s`, hint: 'Check the address, and firewalls between.' }
      : connectionFault(error, this.patient.url);
  }

  private add(finding: Finding): void {
    this.findings.push(finding);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function encryptionFinding({ protocol, hostname }: URL): Finding {
  if (protocol === 'https:') return found('encryption', 'ok', 'TLS');
  if (/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname))
    return found('encryption', 'ok', 'none, and none is needed: it is this machine');
  return found('encryption', 'warning', 'none: keys and tokens can be read on the way', 'Put a proxy in front that speaks TLS.');
}

function acceptance(check: CheckName & ('token' | 'key'), status: number, body: unknown): Finding {
  if (status === 200) return found(check, 'ok', 'well formed, and the server takes it');
  if (!isObject(body) || typeof body['detail'] !== 'string') {
    return found(check, 'fault', `the answer is ${status}, not as Flagwire does`, 'Check what stands between.');
  }
  return found(check, 'fault', `${body['detail']} (${String(body['code'])})`, 'See the code in docs/errors.md.');
}
