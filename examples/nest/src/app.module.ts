import { FlagwireModule } from '@flagwire/client/nest';
import { Module } from '@nestjs/common';
import { type Request } from 'express';
import { Greeter } from './greeter.js';
import { WelcomeController } from './welcome.controller.js';

const { FLAGWIRE_URL: url = 'http://127.0.0.1:3000', FLAGWIRE_SDK_KEY: sdkKey = '' } = process.env;

@Module({
  imports: [
    FlagwireModule.forRoot({
      url,
      sdkKey,
      // For whom a request is decided. A real application takes this from what its guard has found out.
      context: (execution) => ({ targetingKey: execution.switchToHttp().getRequest<Request>().header('X-User') ?? 'nobody' }),
    }),
  ],
  providers: [Greeter],
  controllers: [WelcomeController],
})
export class AppModule {}
