import { afterEach, describe, expect, it } from '@jest/globals';
import { makeLab, user } from './evaluated-lab.fake.js';
import { EvaluatedFlagClient } from './evaluated-flag-client.js';

const SECOND = 1000;
const place = globalThis as { document?: unknown };

function hiddenDocument() {
  return (place.document = Object.assign(new EventTarget(), { visibilityState: 'hidden' }));
}

describe('A client in a page', () => {
  afterEach(() => void delete place.document);

  it('that is opened hidden asks for nothing before it is seen, whatever its context becomes', async () => {
    const document = hiddenDocument();
    const lab = makeLab();
    await lab.pass(60 * SECOND);
    void lab.client.setContext(user('bob'));
    await lab.pass(60 * SECOND);
    expect(lab.server.asked).toEqual([]);
    document.visibilityState = 'visible';
    document.dispatchEvent(new Event('visibilitychange'));
    await lab.pass(SECOND);
    expect([lab.who().value, lab.server.asked.length, lab.client.status.state]).toEqual(['bob', 1, 'live']);
    await lab.client.close();
  });

  it('refuses a server key', () => {
    hiddenDocument();
    const make = () => new EvaluatedFlagClient({ url: 'http://flags', clientKey: 'fw_srv_ABC' });
    expect(make).toThrow(expect.objectContaining({ code: 'server_key_in_browser' }));
  });
});
