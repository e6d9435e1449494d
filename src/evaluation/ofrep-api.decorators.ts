import { applyDecorators, HttpCode } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';

const PROBLEM = { 'application/problem+json': {} };
const REFUSALS = {
  400: ['The body or the context cannot be read, or the flag cannot be evaluated for it.', { 'application/json': {} }],
  401: ['No key, or one that does not work.', PROBLEM],
  403: ['The key does not list the origin of this page.', PROBLEM],
  429: ['Too many wrong keys from this address.', PROBLEM],
} as const;

const CONTEXT = {
  type: 'object',
  required: ['context'],
  properties: { context: { type: 'object', description: 'Attributes, with `targetingKey`.', additionalProperties: true } },
};

/** OFREP in the OpenAPI document. @param answers its own, by status. */
export function OfrepApi(answers: Record<number, string>): MethodDecorator {
  const own = Object.entries(answers).map(([status, description]) => ApiResponse({ status: Number(status), description }));
  const refusals = Object.entries(REFUSALS).map(([status, [description, content]]) =>
    ApiResponse({ status: Number(status), description, content }),
  );
  return applyDecorators(
    ApiTags('ofrep'),
    ApiBearerAuth(),
    ApiSecurity('key-header'),
    ApiBody({ schema: CONTEXT }),
    HttpCode(200),
    ...own,
    ...refusals,
  );
}
