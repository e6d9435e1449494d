import { type CommandError, EXIT, own } from '../command-error.js';

/** Codes of a connection that never was: what was to be sent is still here. */
const NEVER_SENT = /^(bad port|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;
const CERTIFICATE = /CERT|SIGNATURE|ALTNAME/;

/** The innermost code of what `fetch` threw, which itself only says that it failed. */
export function codeOf(error: unknown): string {
  let message = String(error);
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
    ({ message } = at);
  }
  return message;
}

/** Whether a request may have reached the server although nothing came back. */
export function mayHaveArrived(error: unknown): boolean {
  const code = codeOf(error);
  return !NEVER_SENT.test(code) && !CERTIFICATE.test(code) && !code.startsWith('ERR_SSL');
}

/** What a connection that failed says to whoever runs the command. */
export function connectionFault(error: unknown, url: URL): CommandError {
  const code = codeOf(error);
  const at = url.origin;
  const address = 'Give the server’s address by --url or FLAGWIRE_URL.';
  if (code === 'ECONNREFUSED') {
    return own('not_reachable', `Nothing listens at ${at}.`, EXIT.noAnswer, `Start the server (flagwire start). ${address}`);
  }
  if (code === 'bad port')
    return own('not_reachable', `Port ${url.port} is one that no HTTP client may use.`, EXIT.noAnswer, address);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return own('not_reachable', `The name ${url.hostname} cannot be resolved (${code}).`, EXIT.noAnswer, address);
  }
  if (CERTIFICATE.test(code)) {
    const hint = 'Name the authority that signed it in NODE_EXTRA_CA_CERTS.';
    return own('not_reachable', `The certificate of ${at} is not trusted (${code}).`, EXIT.noAnswer, hint);
  }
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') {
    return own('not_reachable', `${at} does not speak TLS (${code}).`, EXIT.noAnswer, 'Try the address with http:// in front.');
  }
  const hint = `Try again; flagwire doctor looks for the reason. ${address}`;
  return own('not_reachable', `The connection to ${at} broke before the answer was whole (${code}).`, EXIT.noAnswer, hint);
}
