import { ExpressAdapter } from '@nestjs/platform-express';
import { type Express, type Request, type Response } from 'express';
import { createServer, IncomingMessage, type Server, ServerResponse } from 'node:http';
import { type Socket } from 'node:net';

/** How often it is looked for requests that come too slowly; only those that are still coming are looked at. */
const CHECK_MS = 1000;

/** Takes a request, to answer it or to hand it on later, as it came; or gives false and leaves it as it is. */
export type InFront = (request: Request, response: Response, handOn: (request: Request, response: Response) => void) => boolean;

/**
 * Connections that may wait to be accepted, as far as the kernel allows (net.core.somaxconn). Of clients that all come back at once, as
 * after a restart, it drops those beyond; they try again after 1, 3, 7 seconds. Node's own bound is 511.
 */
const BACKLOG = 4096;

/**
 * Express gives each request and response its own prototypes with `Object.setPrototypeOf`, which makes them slow wherever they
 * are used: on Node 20 that is much of what a small answer costs. Here they are born with those prototypes, so that there is
 * nothing left to set. See docs/adr/0080-requests-born-with-the-prototypes-of-express.md.
 *
 * Closing ends every connection: streams never end by themselves. They are drained first.
 */
export class HttpAdapter extends ExpressAdapter {
  private readonly sockets = new Set<Socket>();
  private front: InFront = () => false;

  /** What is asked before Express is. */
  putInFront(front: InFront): void {
    this.front = front;
  }

  override initHttpServer(): void {
    const express = this.getInstance<Express>();
    // Classes, since V8 makes their objects as fast as those of the base; with Reflect.construct they are slower than before.
    class BornRequest extends IncomingMessage {}
    class BornResponse extends ServerResponse {}
    Object.setPrototypeOf(BornRequest.prototype, express.request);
    Object.setPrototypeOf(BornResponse.prototype, express.response);
    Object.assign(express, { request: BornRequest.prototype, response: BornResponse.prototype });
    const options = {
      IncomingMessage: BornRequest,
      ServerResponse: BornResponse,
      connectionsCheckingInterval: CHECK_MS,
      // `requireHost` does, and says so.
      requireHostHeader: false,
    };
    const server: Server = createServer(options, (request, response) => {
      if (!this.front(request as Request, response as Response, express)) express(request, response);
    });
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.spareWhoIsSending(server);
    this.httpServer = server;
  }

  override listen(port: string | number, ...rest: (string | (() => void) | undefined)[]): Server {
    const host = rest.find((argument) => typeof argument === 'string');
    const onListening = rest.find((argument) => typeof argument === 'function');
    const server: Server = this.httpServer;
    return server.listen({ port: Number(port), host, backlog: BACKLOG }, onListening);
  }

  /**
   * Node takes a connection for idle as soon as its socket was given the whole answer, however much of that has not left the process:
   * `closeIdleConnections`, and `close` with it, would cut off whoever reads slowly.
   */
  private spareWhoIsSending(server: Server): void {
    const closeIdle = server.closeIdleConnections.bind(server);
    server.closeIdleConnections = () => {
      const sending = [...this.sockets].filter(({ writableLength }) => writableLength > 0);
      // Node has no list of the others: what it does to these is nothing, for this turn.
      for (const socket of sending) socket.destroy = () => socket;
      closeIdle();
      for (const socket of sending) Reflect.deleteProperty(socket, 'destroy');
    };
  }

  override async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await super.close();
  }
}
