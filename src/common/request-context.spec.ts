import { describe, expect, it } from '@jest/globals';
import { type Request, type Response } from 'express';
import { RequestContext, type RequestFacts } from './request-context.js';

function serve(headers: Record<string, string>): { facts: RequestFacts | null; sent: Map<string, string> } {
  const context = new RequestContext();
  const sent = new Map<string, string>();
  const response = { setHeader: (name: string, value: string) => sent.set(name, value) };
  let facts: RequestFacts | null = null;
  context.handle({ headers, ip: '192.0.2.1' } as unknown as Request, response as unknown as Response, () => {
    facts = context.current;
  });
  expect(context.current).toBeNull();
  return { facts, sent };
}

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the context of a request', () => {
  it('takes the client’s request id and gives it back', () => {
    const { facts, sent } = serve({ 'x-request-id': 'build-7.1' });
    expect(facts?.requestId).toBe('build-7.1');
    expect(sent.get('X-Request-Id')).toBe('build-7.1');
  });

  it.each(['', 'a b', 'x'.repeat(65), 'a\nb', '"'])('draws another id than %j', (id) => {
    const { facts } = serve({ 'x-request-id': id });
    expect(facts?.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('takes a traceparent as the standard writes it, and no other', () => {
    expect(serve({ traceparent: TRACE }).facts?.traceparent).toBe(TRACE);
    for (const wrong of [TRACE.toUpperCase(), `${TRACE}-x`, TRACE.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32))]) {
      expect(serve({ traceparent: wrong }).facts?.traceparent).toBeNull();
    }
  });

  it('knows the address', () => {
    expect(serve({}).facts?.address).toBe('192.0.2.1');
  });
});
