import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { knownSecrets } from '../../support/known-secrets.js';
import { countSearch } from '../../support/search-tally.js';

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number | string; doubleValue?: number };
}

/** A span as OTLP over HTTP has it in JSON, and the service that sent it. */
export interface Span {
  service: unknown;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  attributes: Record<string, unknown>;
}

interface Export {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: (Omit<Span, 'attributes'> & { attributes: Attribute[] })[] }[];
  }[];
}

const plain = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.doubleValue ?? Number(value.intValue)]));

function spansOf({ resourceSpans }: Export): Span[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = plain(resource.attributes)['service.name'];
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service, attributes: plain(span.attributes) })));
  });
}

/** What an operator's OpenTelemetry collector is to the server: takes spans over HTTP. */
export class Collector {
  readonly spans: Span[] = [];
  /** As it came. */
  text = '';

  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        this.text += body;
        this.spans.push(...spansOf(JSON.parse(body) as Export));
        response.setHeader('Content-Type', 'application/json').end('{}');
      });
    });
  }

  static async start(): Promise<Collector> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Collector(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** @throws Error where a secret is in what came. */
  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
    const found = knownSecrets.find(this.text);
    countSearch({ servers: 0, secrets: 0, found: found.length, ms: 0, traces: this.text.length });
    if (found.length > 0) throw new Error(`traces hold ${found.join(', ')}`);
  }
}
