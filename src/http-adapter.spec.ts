import { Body, Controller, Get, HttpCode, Module, Param, Post, Redirect, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Request, type Response } from 'express';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo } from 'node:net';
import { httpRequest, type HttpAnswer } from '../test/support/http-request.js';
import { skipIf } from '../test/support/skip-if.js';
import { HttpAdapter } from './http-adapter.js';

@Controller()
class Routes {
  @Get('facts/:id')
  facts(@Req() { ip, hostname, protocol, query, path }: Request, @Param('id') id: string): object {
    return { id, ip, hostname, protocol, query, path };
  }

  @Post('echo')
  @HttpCode(202)
  echo(@Body() body: unknown): unknown {
    return body;
  }

  @Get('moved')
  @Redirect('/facts/1')
  moved(): void {
    // The decorator is all of it.
  }

  @Get('plain')
  plain(@Res() response: Response): void {
    response.vary('Accept').type('text').status(418).send('short and stout');
  }

  @Get('open')
  open(@Res() response: Response): void {
    response.flushHeaders();
  }
}

@Module({ controllers: [Routes] })
class RoutesModule {}

const started: NestExpressApplication[] = [];

async function start(adapter: ExpressAdapter): Promise<{ app: NestExpressApplication; url: string }> {
  const app = await NestFactory.create<NestExpressApplication>(RoutesModule, adapter, { logger: false });
  started.push(app);
  await app.listen(0, '127.0.0.1');
  return { app, url: `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}` };
}

afterAll(() => Promise.all(started.map((app) => app.close())));

describe('the adapter between Nest and Express', () => {
  let own: { app: NestExpressApplication; url: string };
  let stock: { app: NestExpressApplication; url: string };

  beforeAll(async () => {
    own = await start(new HttpAdapter());
    stock = await start(new ExpressAdapter());
  });

  it('makes requests and responses that have the prototypes of Express before Express sees them', async () => {
    const express = own.app.getHttpAdapter().getInstance();
    const seen: unknown[] = [];
    const look = (request: object, response: object) =>
      seen.push(Object.getPrototypeOf(request) === express.request, Object.getPrototypeOf(response) === express.response);
    own.app.getHttpServer().prependOnceListener('request', look);
    await httpRequest(`${own.url}/plain`);
    expect(seen).toEqual([true, true]);
  });

  it.each([
    ['GET', '/facts/7?a=1&b=2', undefined],
    ['HEAD', '/facts/7', undefined],
    ['POST', '/echo', '{"a":[1,2]}'],
    ['POST', '/echo', '{'],
    ['GET', '/moved', undefined],
    ['GET', '/plain', undefined],
    ['OPTIONS', '/plain', undefined],
    ['GET', '/nowhere', undefined],
  ])('answers %s %s %s as the stock adapter does', async (method, path, body) => {
    const ask = ({ url }: { url: string }) =>
      httpRequest(url + path, {
        method,
        headers: { 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body }),
      });
    expect(shape(await ask(own))).toEqual(shape(await ask(stock)));
  });

  it('ends open connections when it is closed', async () => {
    const { app, url } = await start(new HttpAdapter());
    const answer = fetch(`${url}/open`).then((response) => response.text());
    answer.catch(() => undefined); // it is expected below
    await fetch(`${url}/plain`);
    await app.close();
    await expect(answer).rejects.toThrow();
  });
});

/** All of an answer but what differs between any two. */
function shape({ status, headers, text }: HttpAnswer): object {
  const { date: _date, ...rest } = headers;
  return { status, headers: rest, text };
}

const HERD = 1500;
const KERNEL_BOUND = '/proc/sys/net/core/somaxconn';

/** Connects so often at once, and says how many the kernel has taken: as soon as that is all, or after a while. */
const VISITORS = `
  const { connect } = require('node:net');
  let connected = 0;
  const end = () => process.exit(console.log(connected));
  for (let count = 0; count < ${HERD}; count += 1) connect(process.argv[1], '127.0.0.1', () => ++connected === ${HERD} && end());
  setTimeout(end, 10_000);
`;

const onLinux = skipIf(
  !existsSync(KERNEL_BOUND) || Number(readFileSync(KERNEL_BOUND, 'utf8')) < HERD,
  `only Linux says how many connections may wait, and it has to be ${HERD}`,
);

onLinux.describe('connections that wait to be accepted', () => {
  it('may be many: none of a herd is dropped', async () => {
    const { url } = await start(new HttpAdapter());
    // While this waits for the visitors, nothing is accepted.
    const { stdout } = spawnSync(process.execPath, ['-e', VISITORS, new URL(url).port], { encoding: 'utf8' });
    expect(Number(stdout)).toBe(HERD);
  });
});
