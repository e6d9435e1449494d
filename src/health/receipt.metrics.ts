import { Injectable } from '@nestjs/common';
import { ChangeFeed } from '../changes/change-feed.js';
import { Ledger } from '../receipts/ledger.js';
import { ReceiptWriter } from '../receipts/receipt-writer.js';
import { Metrics } from './metrics.js';

/** Whether clients get what they are to get, and whether other nodes are told of it. */
@Injectable()
export class ReceiptMetrics {
  constructor(metrics: Metrics, feed: ChangeFeed, ledger: Ledger, writer: ReceiptWriter) {
    metrics.perEnvironment('flagwire_clients_behind', 'Clients that have lacked a revision for more than 10 seconds', () =>
      [...feed.all()].map(({ environment }) => [environment, ledger.behind(environment.id)]),
    );
    metrics.countersBy('flagwire_receipt_rounds_total', 'Times that receipts were to be written', 'outcome', () =>
      Object.entries(writer.figures),
    );
  }
}
