import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiQuery, ApiResponse, ApiSecurity, ApiTags } from '@nestjs/swagger';

const REFUSALS = {
  400: 'A parameter cannot be read.',
  401: 'No key, or one that does not work.',
  403: 'The key may not do this.',
};

/** The doors of the sync protocol in the OpenAPI document: where the key may stand, and how they refuse. */
export function SdkApi(summary: { tickets: boolean; keyInQuery: boolean }): ClassDecorator & MethodDecorator {
  const places = ['key-header', ...(summary.keyInQuery ? ['key-query'] : []), ...(summary.tickets ? ['ticket'] : [])];
  const refusals = Object.entries(REFUSALS).map(([status, description]) =>
    ApiResponse({ status: Number(status), description, content: { 'application/problem+json': {} } }),
  );
  return applyDecorators(ApiTags('sync'), ApiBearerAuth(), ...places.map((name) => ApiSecurity(name)), ...refusals);
}

/** Optional text parameters, each with its sentence. */
export function TextQueries(sentences: Record<string, string>): MethodDecorator {
  const queries = Object.entries(sentences).map(([name, description]) =>
    ApiQuery({ name, description, required: false, type: String }),
  );
  return applyDecorators(...queries);
}

/** Where the header Flagwire-Client cannot be sent. */
export const CLIENT_QUERY = { client: 'How the client calls itself: `name/version`.' };

export const FILTER_QUERIES = {
  flags: 'Flag ids and prefixes (`checkout.*`), separated by commas; absent: all flags.',
  env: 'The environment that the key is expected to be of.',
};
