import { type INestApplication, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { Flag, FlagwireModule } from '@flagwire/client/nest';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { io, type Socket } from 'socket.io-client';
import { useServers } from '../support/use-servers.js';

const RULE = { if: [{ '==': [{ var: 'plan' }, 'pro'] }, 'on', 'off'] };

@WebSocketGateway()
class ShopGateway {
  @SubscribeMessage('list')
  list(@Flag('shop.new-list', false) isNew: boolean, @MessageBody('plan') plan: string): object {
    return { isNew, plan };
  }
}

describe('A handler of a gateway', () => {
  const start = useServers();
  let app: INestApplication;
  let socket: Socket;

  beforeAll(async () => {
    const server = await start();
    const { key: sdkKey } = await server.admin.createKey('production');
    await server.admin.createFlag('shop.new-list');
    await server.admin.patchEnv('shop.new-list', 'production', { status: 'enabled', targeting: RULE });
    const context = (execution: { switchToWs(): { getData(): { plan: string } } }) => execution.switchToWs().getData();
    @Module({ imports: [FlagwireModule.forRoot({ url: server.url, sdkKey, context })], providers: [ShopGateway] })
    class Root {}
    app = await NestFactory.create(Root, { logger: false, abortOnError: false });
    await app.listen(0, '127.0.0.1');
    socket = io(await app.getUrl(), { transports: ['websocket'] });
  });
  afterAll(async () => {
    socket?.disconnect();
    await app?.close();
  });

  it('is given the flag for whom its message says', async () => {
    const ask = (plan: string): Promise<unknown> => socket.timeout(10_000).emitWithAck('list', { plan });
    expect(await ask('pro')).toEqual({ isNew: true, plan: 'pro' });
    expect(await ask('free')).toEqual({ isNew: false, plan: 'free' });
  });
});
