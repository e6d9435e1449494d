import { applyDecorators, RequestMethod, type Type, UseInterceptors } from '@nestjs/common';
import { METHOD_METADATA } from '@nestjs/common/constants.js';
import {
  ApiBearerAuth,
  ApiExtraModels,
  ApiHeader,
  ApiOkResponse,
  ApiProperty,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { type Problem } from '@flagwire/protocol/admin';
import { IdempotencyInterceptor } from './answers/idempotency.interceptor.js';
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
  422: 'The Idempotency-Key was sent with another request; nothing was written.',
} as const;

/** The refusals of a route, in the OpenAPI document. */
export function ApiProblems(...statuses: (keyof typeof REFUSALS)[]): MethodDecorator & ClassDecorator {
  const content = { 'application/problem+json': { schema: { $ref: getSchemaPath(ProblemAnswer) } } };
  const refusals = statuses.map((status) => ApiResponse({ status, description: REFUSALS[status], content }));
  return applyDecorators(ApiExtraModels(ProblemAnswer), ...refusals);
}

const IDEMPOTENCY_KEY_HEADER = {
  name: 'Idempotency-Key',
  required: false,
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  description:
    'Drawn by the client, such as a UUID: sent again with the same request within 24 hours, it gets the same answer, and nothing is done twice.',
} as const;

/** Every POST takes an Idempotency-Key: none has to say so. */
const documentPosts: ClassDecorator = ({ prototype }) => {
  const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype as object));
  const document = applyDecorators(ApiHeader(IDEMPOTENCY_KEY_HEADER), ApiProblems(409, 422));
  for (const [name, descriptor] of methods) {
    const method: unknown = descriptor.value;
    const isPost = typeof method === 'function' && Reflect.getMetadata(METHOD_METADATA, method) === RequestMethod.POST;
    if (isPost) document(prototype as object, name, descriptor);
  }
};

/** What every controller of the admin API has in common. */
export function AdminApi(tag: string): ClassDecorator {
  return applyDecorators(
    ApiTags(tag),
    ApiBearerAuth(),
    ApiProblems(400, 401, 403, 404),
    documentPosts,
    UseInterceptors(ReplyInterceptor, IdempotencyInterceptor),
  );
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
