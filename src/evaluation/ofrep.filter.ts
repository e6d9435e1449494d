import { Catch } from '@nestjs/common';
import { type Request } from 'express';
import { type HttpProblem } from '../common/problem.js';
import { ProblemFilter, type Representation } from '../common/problem.filter.js';

/** Those for which OFREP leaves the body open: there it is a problem document, as everywhere else. */
const OPEN: ReadonlySet<number> = new Set([401, 403, 429, 503]);

const ERROR_CODES: Readonly<Record<string, string>> = {
  invalid_context: 'INVALID_CONTEXT',
  body_too_large: 'INVALID_CONTEXT',
  flag_not_found: 'FLAG_NOT_FOUND',
  malformed_json: 'PARSE_ERROR',
  unsupported_media_type: 'PARSE_ERROR',
  unsupported_charset: 'PARSE_ERROR',
  unsupported_encoding: 'PARSE_ERROR',
  wrong_length: 'PARSE_ERROR',
};

/** Errors as OFREP's OpenAPI document has them: `errorCode` and `errorDetails`, and of a single flag its `key`. */
@Catch()
export class OfrepFilter extends ProblemFilter {
  protected override represent(request: Request, problem: HttpProblem): Representation {
    const { status, code, detail, errors } = problem.body;
    if (OPEN.has(status)) return super.represent(request, problem);
    const key: unknown = request.params['key'];
    // A body of too many parts is called invalid_input too, and names no field.
    const isTooMuch = code === 'invalid_input' && errors === undefined;
    const errorCode = isTooMuch ? 'INVALID_CONTEXT' : (ERROR_CODES[code] ?? 'GENERAL');
    return {
      // Of what is wrong with a request it knows 400 and 404 alone.
      status: status === 404 || status >= 500 ? status : 400,
      type: 'application/json; charset=utf-8',
      content: { ...(typeof key === 'string' ? { key } : {}), errorCode, errorDetails: detail },
    };
  }
}
