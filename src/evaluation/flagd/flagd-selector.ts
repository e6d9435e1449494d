import { InvalidInput } from '../../common/errors.js';

/** What a selector says: `key=KEY`, `flagSetId=ID`, or both with a comma between them. */
export interface Selector {
  readonly key: string | undefined;
  readonly flagSetId: string | undefined;
}

const LONGEST = 1024;
/** Not what was sent: a key may stand in it. */
const GRAMMAR = 'must be key=KEY, flagSetId=PROJECT/ENVIRONMENT, or both with a comma between them';

/** @throws InvalidInput, which never quotes what was sent. */
export function parseSelector(text: string): Selector {
  const found = new Map<string, string>();
  for (const part of text.length > LONGEST ? ['too long'] : text.split(',').map((entry) => entry.trim())) {
    const [, name = '', value = ''] = /^(key|flagSetId)=(.+)$/.exec(part) ?? [];
    if (part === '') continue;
    const isNew = !found.has(name) || found.get(name) === value;
    if (name === '' || !isNew) throw new InvalidInput([{ path: 'selector', message: GRAMMAR }]);
    found.set(name, value);
  }
  return { key: found.get('key'), flagSetId: found.get('flagSetId') };
}
