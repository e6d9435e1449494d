import { describe, expect, it } from '@jest/globals';
import { Gate, Mutex } from './gate.js';

/** Tasks that end when the test says so. */
function tasks() {
  const began: number[] = [];
  const ends: (() => void)[] = [];
  const task = (name: number) => async () => {
    began.push(name);
    await new Promise<void>((resolve) => (ends[name] = resolve));
    return name;
  };
  return { began, task, end: (name: number) => ends[name]?.() };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('A gate', () => {
  it('lets in as many as it has places, the others in the order in which they came', async () => {
    const { began, task, end } = tasks();
    const gate = new Gate(2);
    const results = [0, 1, 2, 3].map((name) => gate.run(task(name)));
    await turn();
    expect(began).toEqual([0, 1]);
    end(1);
    await turn();
    expect(began).toEqual([0, 1, 2]);
    end(0);
    await turn();
    expect(began).toEqual([0, 1, 2, 3]);
    end(2);
    end(3);
    expect(await Promise.all(results)).toEqual([0, 1, 2, 3]);
  });

  it('gives the place on when a task fails, and tells whoever asked for it', async () => {
    const mutex = new Mutex();
    const failing = mutex.run(() => Promise.reject(new Error('broken')));
    const next = mutex.run(() => Promise.resolve('done'));
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('done');
  });

  it('gives the place on when a task throws before it has begun to wait', async () => {
    const mutex = new Mutex();
    const failing = mutex.run(() => {
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
    expect(await mutex.run(() => Promise.resolve('done'))).toBe('done');
  });

  it('lets nobody pass who comes while a place is being handed on', async () => {
    const { began, task, end } = tasks();
    const mutex = new Mutex();
    const first = mutex.run(task(0));
    const second = mutex.run(task(1));
    await turn();
    const third = first.then(() => mutex.run(task(2)));
    end(0);
    await turn();
    expect(began).toEqual([0, 1]);
    end(1);
    await turn();
    expect(began).toEqual([0, 1, 2]);
    end(2);
    await Promise.all([second, third]);
  });

  it('is free again after all have left', async () => {
    const gate = new Gate(2);
    for (let round = 0; round < 5; round++) await Promise.all([1, 2, 3, 4, 5].map((n) => gate.run(() => Promise.resolve(n))));
    expect(await gate.run(() => Promise.resolve('in'))).toBe('in');
  });

  it('refuses who has waited for too long, and lets in who came after', async () => {
    const { began, task, end } = tasks();
    const gate = new Gate(1);
    const first = gate.run(task(0));
    const patience = { ms: 5, late: () => new Error('too late') };
    const impatient = gate.run(task(1), patience);
    const patient = gate.run(task(2));
    await expect(impatient).rejects.toThrow('too late');
    end(0);
    await first;
    await turn();
    expect(began).toEqual([0, 2]);
    end(2);
    await patient;
    const again = gate.run(task(3), patience);
    await turn();
    end(3);
    await expect(again).resolves.toBe(3);
  });
});
