import { watchAnswer } from '../../support/known-secrets.js';

export interface Asked {
  status: number;
  /** Of a stream: up to its first SyncComplete. */
  text: string;
}

async function textOf(response: Response): Promise<string> {
  if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream')) return response.text();
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (/SyncComplete|Goodbye/.test(text)) break;
  }
  return text;
}

/** One request over connections that are kept, for suites that send thousands. */
export async function ask(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: object,
): Promise<Asked> {
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const signal = AbortSignal.timeout(20_000);
  const response = await fetch(url + path, { method, headers: { ...headers, ...type }, signal, redirect: 'manual', ...sent });
  const text = await textOf(response);
  watchAnswer(new URL(url + path), method, response.status, text);
  return { status: response.status, text };
}

/** Works on all items, some at a time. */
export async function each<T>(items: readonly T[], atATime: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}
