import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Closes texts with a key that is derived (HKDF, RFC 5869) from a credential and an Idempotency-Key, and kept nowhere: answers
 * may hold secrets that are shown once, and whoever reads the table alone must not find them there.
 */
export class Seal {
  /** Names the pair of credential and Idempotency-Key; hex. */
  readonly id: string;
  private readonly key: Buffer;

  /** @param credential of high entropy, as all admin tokens are. */
  constructor(credential: string, idempotencyKey: string) {
    const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', credential, idempotencyKey, `flagwire ${purpose}`, 32));
    this.id = derive('idempotency id').toString('hex');
    this.key = derive('idempotency answer');
  }

  /** Nonce, tag and cipher text; base64. */
  close(text: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce, { authTagLength: TAG_BYTES });
    const closed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), closed]).toString('base64');
  }

  /** @throws Error where this seal has not closed it, or it has been changed. */
  open(sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    const start = NONCE_BYTES + TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, this.key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, start));
    return Buffer.concat([decipher.update(bytes.subarray(start)), decipher.final()]).toString('utf8');
  }
}
