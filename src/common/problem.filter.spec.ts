import { request as httpRequest } from 'node:http';
import { type AddressInfo } from 'node:net';
import { Body, Controller, Get, Injectable, Logger, Module, Post, Res } from '@nestjs/common';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Response } from 'express';
import {
  Conflict,
  DatabaseUnavailable,
  Forbidden,
  InvalidInput,
  NotFound,
  RateLimited,
  StorageFull,
  Unauthenticated,
  VersionConflict,
} from './errors.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestContext } from './request-context.js';

const ERRORS: Record<string, () => Error> = {
  invalid: () => new InvalidInput([{ path: 'a', message: 'is not a known field' }]),
  unauthenticated: () => new Unauthenticated('unknown_key', 'No.'),
  forbidden: () => new Forbidden('wrong_project', 'No.'),
  missing: () => new NotFound('flag', 'x'),
  conflict: () => new Conflict('flag_exists', 'Taken.', { archived: true }),
  version: () => new VersionConflict('Moved on.', { version: 7, status: 'not the HTTP one' }),
  limited: () => new RateLimited('Slow down.', 1200),
  unavailable: () => new DatabaseUnavailable(),
  full: () => new StorageFull(),
  quoting: () => new InvalidInput([{ path: 'fw_srv_abc', message: 'is not fw_tkt_a-b.c' }]),
  unknown: () => new Error('the password is fw_adm_abc.def'),
};

@Injectable()
@Controller()
class Routes {
  @Get('fail/:name')
  fail(@Res({ passthrough: true }) response: Response): void {
    response.setHeader('ETag', '"x"');
    throw (ERRORS[String(response.req.params['name'])] as () => Error)();
  }

  @Get('late')
  late(@Res() response: Response): void {
    response.write('half of ');
    throw new Error('too late');
  }

  @Post('echo')
  echo(@Body() body: unknown): unknown {
    return body;
  }
}

@Module({ controllers: [Routes] })
class RoutesModule {}

describe('ProblemFilter', () => {
  let app: NestExpressApplication;
  let base: string;

  beforeAll(async () => {
    const testing = await Test.createTestingModule({ imports: [RoutesModule] }).compile();
    app = testing.createNestApplication<NestExpressApplication>({ logger: false });
    app.use(new RequestContext().handle);
    app.useBodyParser('json', { limit: 1000 });
    app.useGlobalFilters(new ProblemFilter());
    await app.listen(0, '127.0.0.1');
    base = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  });

  afterAll(() => app.close());

  it.each([
    ['invalid', 400, 'invalid_input'],
    ['unauthenticated', 401, 'unknown_key'],
    ['forbidden', 403, 'wrong_project'],
    ['missing', 404, 'flag_not_found'],
    ['conflict', 409, 'flag_exists'],
    ['version', 412, 'version_conflict'],
    ['limited', 429, 'rate_limited'],
    ['unavailable', 503, 'database_unavailable'],
    ['full', 507, 'storage_full'],
  ])('answers %s with %i', async (name, status, code) => {
    const answer = await fetch(`${base}/fail/${name}`);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('etag')).toBeNull();
    expect(await answer.json()).toMatchObject({ type: `urn:flagwire:error:${code}`, status, code });
  });

  it('says how to authenticate and when to come back', async () => {
    expect((await fetch(`${base}/fail/unauthenticated`)).headers.get('www-authenticate')).toBe('Bearer');
    expect((await fetch(`${base}/fail/limited`)).headers.get('retry-after')).toBe('2');
    expect((await fetch(`${base}/fail/unavailable`)).headers.get('retry-after')).toBe('1');
  });

  it('lists the mistakes of bad input', async () => {
    expect(await (await fetch(`${base}/fail/invalid`)).json()).toMatchObject({
      errors: [{ path: 'a', message: 'is not a known field' }],
    });
  });

  it('quotes neither keys nor tickets, wherever they were sent', async () => {
    const answer = await fetch(`${base}/fail/quoting`, { headers: { 'X-Request-Id': 'fw_adm_abc' } });
    const text = await answer.text();
    expect(JSON.parse(text)).toMatchObject({
      detail: 'fw_srv_[redacted]: is not fw_tkt_[redacted]',
      errors: [{ path: 'fw_srv_[redacted]', message: 'is not fw_tkt_[redacted]' }],
      request_id: expect.stringMatching(/^[\da-f-]{36}$/),
    });
    expect(answer.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  });

  it('carries further facts, which cannot replace its own', async () => {
    expect(await (await fetch(`${base}/fail/version`)).json()).toMatchObject({ version: 7, status: 412 });
  });

  it('keeps what nobody foresaw to the log', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const answer = await fetch(`${base}/fail/unknown`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('password');
    expect(String(logged.mock.lastCall?.[0])).toContain('the password is');
  });

  it('names the request, in its body as in its header', async () => {
    const answer = await fetch(`${base}/fail/missing`, { headers: { 'X-Request-Id': 'mine' } });
    expect([answer.headers.get('x-request-id'), await answer.json()]).toMatchObject(['mine', { request_id: 'mine' }]);
    expect(await (await fetch(`${base}/nowhere`)).json()).toMatchObject({ request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  it('does not repeat the address of a route that is not there, with the key in it', async () => {
    const text = await (await fetch(`${base}/nowhere/fw_srv_secret?key=fw_srv_secret`)).text();
    expect(text).toContain('There is no such route');
    expect(text).not.toContain('secret');
  });

  it('has no body for HEAD', async () => {
    const answer = await fetch(`${base}/fail/missing`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([404, '']);
  });

  it('breaks the connection where the status is out already', async () => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const read = fetch(`${base}/late`).then((answer) => answer.text());
    await expect(read).rejects.toThrow();
  });

  it('knows routes that are not there', async () => {
    expect(await (await fetch(`${base}/nowhere`)).json()).toMatchObject({ status: 404, code: 'route_not_found' });
    expect(await (await fetch(`${base}/echo`)).json()).toMatchObject({ status: 404, code: 'route_not_found' });
  });

  it.each([
    ['{"a":', { 'Content-Type': 'application/json' }, 400, 'malformed_json'],
    [JSON.stringify({ a: 'x'.repeat(2000) }), { 'Content-Type': 'application/json' }, 413, 'body_too_large'],
    ['{}', { 'Content-Type': 'application/json; charset=latin1' }, 415, 'unsupported_charset'],
    ['{}', { 'Content-Type': 'application/json', 'Content-Encoding': 'zip' }, 415, 'unsupported_encoding'],
  ])('answers a body that cannot be read (%#)', async (body, headers, status, code) => {
    const answer = await fetch(`${base}/echo`, { method: 'POST', body, headers });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ code });
  });

  it('names the limit that a body is over', async () => {
    const body = JSON.stringify({ a: 'x'.repeat(2000) });
    const answer = await fetch(`${base}/echo`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining('1000 bytes') });
  });

  it('answers a path that cannot be decoded', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      httpRequest(`${base}/fail/%E0%A4%A`, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end();
    });
    expect(status).toBe(400);
  });
});
