import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { type NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { ServerLogger } from './common/server-logger.js';
import { CannotStart } from './common/errors.js';
import { Config } from './config/config.js';
import { configureHttp } from './http.js';
import { Server } from './server.js';

/** Puts the application together, listens, and opens the database in the background; ends by SIGTERM or SIGINT. */
async function main(): Promise<void> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, {
    logger: new ServerLogger(),
    abortOnError: false,
    // Streams never end by themselves: they are drained first, then closed.
    forceCloseConnections: true,
    bodyParser: false,
  });
  const config = app.get(Config);
  configureHttp(app, config);
  await new Server(app, config).run();
}

main().catch((error: unknown) => {
  console.error(error instanceof CannotStart ? error.message : error);
  process.exit(1);
});
