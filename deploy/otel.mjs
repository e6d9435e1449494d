/**
 * Traces by OpenTelemetry, sent as OTLP over HTTP:
 *
 *   npm i --no-save @opentelemetry/sdk-trace-base@2 @opentelemetry/resources@2 @opentelemetry/exporter-trace-otlp-http@0.223
 *   OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318 node --import ./deploy/otel.mjs dist/main.js
 *
 * Any other SDK that registers a tracer provider does as well.
 */
import { trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

const provider = new BasicTracerProvider({
  resource: defaultResource().merge(resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME ?? 'flagwire' })),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
// At its end the server has the provider send what it still holds.
trace.setGlobalTracerProvider(provider);
