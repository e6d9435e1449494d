import { applyDecorators, type Type, UseInterceptors } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiOkResponse, ApiProperty, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { type Problem } from '@flagwire/protocol/admin';
import { ReplyInterceptor } from './answers/reply.js';

class MistakeAnswer {
  @ApiProperty({ type: String, example: 'environments.production.targeting.if[1]' })
  path!: string;

  @ApiProperty({ type: String })
  message!: string;
}

/** Every error of the admin API: RFC 9457. */
export class ProblemAnswer implements Problem {
  @ApiProperty({ type: String })
  type!: string;

  @ApiProperty({ type: String })
  title!: string;

  @ApiProperty({ type: 'integer' })
  status!: number;

  @ApiProperty({ type: String })
  detail!: string;

  @ApiProperty({ type: String, description: 'Stable; docs/errors.md lists all.', example: 'invalid_input' })
  code!: string;

  @ApiProperty({ type: [MistakeAnswer], required: false, description: 'For bad input: every mistake at once.' })
  errors?: MistakeAnswer[];
}

const REFUSALS = {
  400: 'Bad input; nothing was done.',
  401: 'No admin token, or one that does not work.',
  403: 'The token may not do this.',
  404: 'There is no such thing.',
  409: 'Does not fit the present state; nothing was written.',
  412: 'If-Match, or a version, names another state than the present one, which `current` shows; nothing was written.',
} as const;

/** The refusals of a route, in the OpenAPI document. */
export function ApiProblems(...statuses: (keyof typeof REFUSALS)[]): MethodDecorator & ClassDecorator {
  const content = { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemAnswer) } } };
  const refusals = statuses.map((status) => ApiResponse({ status, description: REFUSALS[status], content }));
  return applyDecorators(ApiExtraModels(ProblemAnswer), ...refusals);
}

/** What every controller of the admin API has in common. */
export function AdminApi(tag: string): ClassDecorator {
  return applyDecorators(ApiTags(tag), ApiBearerAuth(), ApiProblems(400, 401, 403, 404), UseInterceptors(ReplyInterceptor));
}

/** A list's answer: `{items, next}`. */
export function ApiPage(item: Type): MethodDecorator {
  const properties = {
    items: { type: 'array', items: { $ref: getSchemaPath(item) } },
    next: { type: 'string', nullable: true, description: 'The `after` of the next page; null on the last.' },
  };
  return applyDecorators(
    ApiExtraModels(item),
    ApiOkResponse({ schema: { type: 'object', required: ['items', 'next'], properties } }),
  );
}

/** Headers of an answer to a write, for `Api…Response({headers})`. */
export const WRITE_HEADERS = {
  'Flagwire-Cursor': {
    description: 'RFC 9651 dictionary: the cursor of each environment that the write covers, also where nothing changed.',
    schema: { type: 'string' },
    example: 'production="k3x9q0ab.42.p7q1zd"',
  },
} as const;

/** The same for what has a version of its own. */
export const VERSIONED_HEADERS = {
  ...WRITE_HEADERS,
  ETag: { description: 'The version, for If-Match.', schema: { type: 'string' }, example: '"7"' },
} as const;
