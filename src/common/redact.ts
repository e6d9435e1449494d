const HIDDEN = '[redacted]';

/** Keys, tickets and stream tokens by their form, wherever they stand, and whatever they were glued to. */
const SECRETS = /fw_(srv|cli|adm|tkt|evt)_[\w.-]+/g;
/** Whatever stands where a key belongs, also when it is mistyped: in a query, a header or an object that was printed. */
const PARAMETERS = /\b((?:api[_-]?|sdk[_-]?)?key|ticket|token)=[^&\s"'#;]+/gi;
const HEADERS = /\b(authorization|x-api-key)(["']?\s*[:=]\s*["']?)(?:(bearer|basic)\s+)?[^\s"',}]+/gi;
/** The password in an address, such as that of a database. */
const PASSWORDS = /\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@]+@/gi;
const BEARER = /\b(bearer)\s+[^\s"',}]+/gi;

/** Fields that hold a secret, whatever it looks like. */
const SECRET_FIELDS = /^(authorization|x-api-key|cookie|(api[_-]?|sdk[_-]?)?key|ticket|token|password|secret)$/i;

/** The text without keys, tickets and tokens: for refusals, which quote what was sent. */
export function withoutSecrets(text: string): string {
  return text.replace(SECRETS, `fw_$1_${HIDDEN}`);
}

/** The same, without whatever stands where a secret belongs: what every text goes through that is logged. */
export function redact(text: string): string {
  return withoutSecrets(text)
    .replace(PASSWORDS, `$1:${HIDDEN}@`)
    .replace(PARAMETERS, `$1=${HIDDEN}`)
    .replace(HEADERS, `$1$2${HIDDEN}`)
    .replace(BEARER, `$1 ${HIDDEN}`);
}

/** The same for the value of a field, which its name alone may make a secret. */
export function redactField(name: string, value: string): string {
  return SECRET_FIELDS.test(name) ? HIDDEN : redact(value);
}
