import { Front } from '../../src/front/front.js';
import { Metrics } from '../../src/health/metrics.js';
import { type HttpAnswer } from '../support/http-request.js';
import { type InProcessNode } from './in-process-node.js';

/** What two answers to one question may differ in. */
const OF_ITS_OWN = /^(date|flagwire-age-ms)$/i;

/** All of an answer that has to be the same with the front and without it. */
export function contentOf({ status, rawHeaders, bytes }: HttpAnswer): object {
  const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1]]] : []));
  const headers = pairs.map(([name = '', value]) => `${name}: ${OF_ITS_OWN.test(name) ? '' : value}`).sort();
  return { status, headers, body: bytes.toString('latin1') };
}

/** Tells what is answered in front of the routes of a node, and takes the front away for a while. */
export class FrontWatch {
  private answered = 0;

  constructor(private readonly node: InProcessNode) {
    this.putBack();
  }

  /** Asks as often as it takes to be known, and tells whether the last answer was given in front. */
  async repeated<T>(ask: () => Promise<T>): Promise<[answer: T, isInFront: boolean]> {
    await ask();
    const before = this.answered;
    return [await ask(), this.answered > before];
  }

  /** Without anything in front. */
  async without<T>(act: () => Promise<T>): Promise<T> {
    this.node.putInFront(() => false);
    try {
      return await act();
    } finally {
      this.putBack();
    }
  }

  /** A series of the node's figures; 0 where it has no such line. @param series with its labels. */
  async figure(series: string): Promise<number> {
    const text = await this.node.part(Metrics).text();
    return Number(text.split(`${series} `)[1]?.split('\n')[0] ?? 0);
  }

  /** All series of a figure, by their labels. */
  async figures(name: string): Promise<Record<string, number>> {
    const lines = (await this.node.part(Metrics).text()).split('\n').filter((line) => line.startsWith(`${name}{`));
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  }

  private putBack(): void {
    const front = this.node.part(Front);
    this.node.putInFront((request, response, handOn) => {
      const isTaken = front.takes(request, response, (...both) => {
        this.answered -= 1;
        handOn(...both);
      });
      if (isTaken) this.answered += 1;
      return isTaken;
    });
  }
}
