import { runServer } from 'flagwire';
import { NotifierModule } from './notifier.module.js';

// Settings that begin with FLAGWIRE_ are the server's own, and it refuses those that it does not know.
const { NOTIFIER_WEBHOOK_URL: url } = process.env;
if (url === undefined) throw new Error('Set NOTIFIER_WEBHOOK_URL to an incoming webhook.');

await runServer([NotifierModule.forWebhook({ url })]);
