import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule);
// A signal closes the application, and with it the client.
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 8080, '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
