import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Request, type Response } from 'express';
import { type LogFormat, type LogLevel } from './log-line.js';
import { RequestContext } from './request-context.js';
import { ServerLogger } from './server-logger.js';

const KEY = 'fw_srv_AbCdEfGhIjKl0123456789abcdefghijABCDEFGHIJabcdef';
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

let lines: string[];
let requests: RequestContext;
beforeEach(() => {
  lines = [];
  requests = new RequestContext();
});

/** Nest's own front, as every module has it, on the server's log. */
function logger(format: LogFormat = 'json', level: LogLevel = 'info'): Logger {
  Logger.overrideLogger(new ServerLogger({ level, format }, requests, { write: (line) => void lines.push(line) }));
  return new Logger('ChangeFeed');
}

function written(): Record<string, unknown>[] {
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function inRequest(act: () => void): void {
  const headers = { 'x-request-id': 'mine', traceparent: TRACE };
  requests.handle({ headers } as unknown as Request, { setHeader: () => undefined } as unknown as Response, act);
}

describe('the log as JSON', () => {
  it('has a line for each message: time, level, where, what', () => {
    logger().warn('The log cannot be read');
    expect(lines).toEqual([expect.stringMatching(/^\{.*\}\n$/)]);
    expect(written()).toEqual([
      { level: 'warn', time: expect.stringMatching(/^\d{4}-.*Z$/), context: 'ChangeFeed', msg: 'The log cannot be read' },
    ]);
  });

  it('names the request that a line belongs to, and its trace', () => {
    const log = logger();
    inRequest(() => log.error('in'));
    log.error('out');
    expect(written()).toMatchObject([{ msg: 'in', request_id: 'mine', trace_id: TRACE.slice(3, 35) }, { msg: 'out' }]);
    expect(lines[1]).not.toMatch(/request_id|trace_id/);
  });

  it('tells of an error its kind, its sentence and its stack, and nothing that a driver hung on it', () => {
    logger().error(Object.assign(new TypeError('no'), { parameters: ['a hash'] }));
    expect(written()).toMatchObject([{ level: 'error', error: 'TypeError', msg: 'no', stack: expect.stringContaining('at ') }]);
    expect(lines.join('')).not.toContain('a hash');
  });

  it('keeps to its level', () => {
    const log = logger('json', 'warn');
    log.log('not this');
    log.debug('nor this');
    log.fatal('but this');
    expect(written()).toMatchObject([{ level: 'fatal', msg: 'but this' }]);
  });

  it('hides what the framework says of itself, until somebody wants to know', () => {
    logger();
    new Logger('RouterExplorer').log('Mapped {/health, GET} route');
    expect(lines).toEqual([]);
    logger('json', 'debug');
    new Logger('RouterExplorer').log('Mapped {/health, GET} route');
    expect(written()).toMatchObject([{ level: 'debug', context: 'RouterExplorer' }]);
  });
});

describe.each(['json', 'text'] as const)('a secret, in a log of %s,', (format) => {
  it.each<[string, unknown]>([
    ['in a sentence', `lost ${KEY} on the way`],
    ['in an error', new Error(`lost ${KEY} on the way`)],
    ['in a header that was printed', `{"x-api-key":"${KEY}","authorization":"Bearer ${KEY}"}, "quoted" after it`],
    ['before a quote', `sent Bearer ${KEY}"quoted`],
    ['in a field', { msg: 'x', headers: { authorization: `Bearer ${KEY}`, list: [{ key: KEY.slice(7) }] } }],
    ['in a query', `GET /sdk/stream?key=${KEY.slice(7)}&flags=a`],
  ])('does not get out: %s', (_, message) => {
    logger(format).error(message);
    const [line = ''] = lines;
    expect(format === 'text' || typeof JSON.parse(line) === 'object').toBe(true);
    expect(lines[0]).toContain('[redacted]');
    expect(lines[0]).not.toContain(KEY.slice(20, 40));
  });
});

describe('the log as text', () => {
  it('is for people', () => {
    const log = logger('text');
    log.log('Flagwire is listening on http://127.0.0.1:3000');
    inRequest(() => log.debug('not at this level'));
    inRequest(() => log.warn({ msg: 'slow', ms: 12 }));
    expect(lines[0]).toMatch(/^\d{4}-\S+Z INFO {2}\[ChangeFeed\] Flagwire is listening on http:\/\/127\.0\.0\.1:3000\n$/);
    expect(lines[1]).toMatch(/WARN {2}\[ChangeFeed\] slow .*request_id=mine/);
    expect(lines[1]).toContain('ms=12');
  });
});
