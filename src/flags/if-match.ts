import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { type Cursor, formatCursor } from '@flagwire/protocol/sync';
import { InvalidInput, VersionConflict } from '../common/errors.js';

/** RFC 9110, 8.8.3: the characters of a tag do not include the quote, a comma is one of them. */
const TAG = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/;

/** What an `If-Match` header asks for (RFC 9110, 13.1.1). Without the header everything matches. */
export class IfMatch {
  private constructor(private readonly tags: ReadonlySet<string> | null) {}

  /** @throws InvalidInput where it is neither `*` nor a list of entity tags. */
  static parse(header: string | undefined): IfMatch {
    if (header === undefined || header.trim() === '*') return new IfMatch(null);
    const tags = new Set<string>();
    for (let rest = header.replace(/^[ \t,]+/, ''); rest !== '';) {
      const [whole = '', weak, tag = ''] = TAG.exec(rest) ?? [];
      const after = rest.slice(whole.length);
      if (whole === '' || !/^[ \t]*(,|$)/.test(after)) throw malformed();
      // Strong comparison: a weak tag is no mistake, but matches nothing; with its quotes it is like no other.
      tags.add(weak === undefined ? tag : whole);
      rest = after.replace(/^[ \t,]+/, '');
    }
    if (tags.size === 0) throw malformed();
    return new IfMatch(tags);
  }

  /** @param tag the present one, without its quotes. */
  allows(tag: string): boolean {
    return this.tags === null || this.tags.has(tag);
  }

  /** Whether every tag that it names is among the present ones. */
  allowsOnly(present: ReadonlySet<string>): boolean {
    return this.tags === null || [...this.tags].every((tag) => present.has(tag));
  }
}

/** @throws VersionConflict where the environment's log stands elsewhere. */
export function refuseOtherCursor(ifMatch: IfMatch, environment: { readonly key: string }, cursor: Cursor): void {
  const current = formatCursor(cursor);
  if (!ifMatch.allows(current))
    throw new VersionConflict(`${environment.key} is at ${current}; nothing was written`, { current });
}

function malformed(): InvalidInput {
  return new InvalidInput([{ path: 'If-Match', message: 'must be a list of entity tags such as "7" in double quotes, or *' }]);
}

/** The request's `If-Match`, as an IfMatch. */
export const IfMatchHeader = createParamDecorator((_: unknown, context: ExecutionContext): IfMatch => {
  return IfMatch.parse(context.switchToHttp().getRequest<Request>().headers['if-match']);
});

/** The header in the OpenAPI document. */
export const IF_MATCH_HEADER = {
  name: 'If-Match',
  required: false,
  description: 'The ETag that the change was made for; with another one present nothing is written (412).',
  schema: { type: 'string', example: '"7"' },
} as const;

/** The entity tag of a version. */
export function versionTag(version: number): string {
  return `"${version}"`;
}
