import { Reflector } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { refuseBadClients, hostRequired } from './client-errors.js';
import { BodyGuard } from './common/body.guard.js';
import { CrossOrigin } from './common/cross-origin.js';
import { ProblemFilter } from './common/problem.filter.js';
import { Refusals } from './common/refusals.js';
import { RequestContext } from './common/request-context.js';
import { RequestPipe } from './common/validation.js';
import { HttpMetrics } from './health/http.metrics.js';
import { type Config } from './config/config.js';
import { SyncIoAdapter } from './sync/socket-io.adapter.js';
import { secureHeaders } from './security-headers.js';

/** Fields, objects and lists of a body, all together: a change set of a thousand changes has fewer, 20,000 flags have 640,000. */
const MOST_PARTS = { body: 20_000, document: 1_000_000 };

/** The HTTP side of the application: bodies, validation, the API page. Shared by the server and by tests that boot it. */
export function configureHttp(app: NestExpressApplication, config: Config): void {
  const refusals = app.get(Refusals);
  refuseBadClients(app.getHttpServer(), config, refusals);
  app.set('trust proxy', config.trustProxy);
  app.set('query parser', 'simple');
  // Tags come from cursors and versions, never from hashing an answer.
  app.set('etag', false);
  app.disable('x-powered-by');
  app.use(app.get(RequestContext).handle);
  app.use(app.get(HttpMetrics).handle);
  secureHeaders(app, config);
  app.use(hostRequired(refusals));
  // Before all that refuses: a page may read why.
  app.use(app.get(CrossOrigin).handle);
  const body = { bytes: config.bodyBytes, setting: 'FLAGWIRE_BODY_BYTES', parts: MOST_PARTS.body };
  const document = { bytes: config.importBytes, setting: 'FLAGWIRE_IMPORT_BYTES', parts: MOST_PARTS.document };
  app.useGlobalGuards(new BodyGuard(app.get(Reflector), { body, document }));
  app.useGlobalPipes(new RequestPipe());
  app.useGlobalFilters(new ProblemFilter());
  app.useWebSocketAdapter(new SyncIoAdapter(app, config, refusals));
  const description = new DocumentBuilder()
    .setTitle('Flagwire')
    .setDescription('Admin API and sync endpoints. Errors are RFC 9457 problem documents.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An admin token; under /sdk an SDK key.' })
    .addApiKey({ type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An SDK key.' }, 'key-header')
    .addApiKey({ type: 'apiKey', in: 'query', name: 'key', description: 'An SDK key, for clients without headers.' }, 'key-query')
    .addApiKey({ type: 'apiKey', in: 'query', name: 'ticket', description: 'A stream ticket.' }, 'ticket')
    .addApiKey({ type: 'apiKey', in: 'query', name: 'token', description: 'A stream token.' }, 'stream-token')
    .build();
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description, { autoTagControllers: false }), {
    jsonDocumentUrl: 'docs-json',
    raw: ['json'],
  });
}
