import 'reflect-metadata';
import { type DynamicModule, Logger, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { RequestContext } from './common/request-context.js';
import { ServerLogger } from './common/server-logger.js';
import { Config } from './config/config.js';
import { Front } from './front/front.js';
import { configureHttp } from './http.js';
import { HttpAdapter } from './http-adapter.js';
import { Server } from './server.js';

/** A Nest module of your own. */
export type Extension = Type | DynamicModule;

/** A node, with `extensions` beside its own modules. Resolves when it serves. @throws CannotStart */
export async function serve(extensions: readonly Extension[]): Promise<void> {
  const root: DynamicModule = { module: AppModule, imports: [...extensions] };
  const adapter = new HttpAdapter();
  const app = await NestFactory.create<NestExpressApplication>(root, adapter, {
    // Kept until the settings say how it is to be written. Where they are wrong, nothing but that is said.
    bufferLogs: true,
    autoFlushLogs: false,
    abortOnError: false,
    bodyParser: false,
  });
  const config = app.get(Config);
  app.useLogger(new ServerLogger(config.logs, app.get(RequestContext)));
  app.flushLogs();
  process.on('uncaughtException', (error) => {
    new Logger('Flagwire').fatal(error);
    process.exit(1);
  });
  configureHttp(app, config);
  // Modules of others may have something to say to any request.
  if (config.frontCache && extensions.length === 0) adapter.putInFront(app.get(Front).takes);
  await new Server(app, config).run();
}
