import { type DynamicModule, Module } from '@nestjs/common';
import { ChangesModule } from 'flagwire';
import { Notifier } from './notifier.js';
import { Webhook, type WebhookOptions } from './webhook.js';

/** Posts one message for each change set to a webhook. `ChangesModule` is what gives `Notifier` the feed. */
@Module({})
export class NotifierModule {
  static forWebhook(options: WebhookOptions): DynamicModule {
    return {
      module: NotifierModule,
      imports: [ChangesModule],
      providers: [Notifier, { provide: Webhook, useValue: new Webhook(options) }],
    };
  }
}
