import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import { IsArray, IsInt, IsObject, IsOptional, IsString, Length, ValidateNested } from 'class-validator';
import { InvalidInput, type Mistake } from './errors.js';
import { RequestPipe } from './validation.js';

class Change {
  @IsString()
  @Length(1, 5)
  flag!: string;
}

class Owner {
  @IsString()
  name!: string;
}

class Body {
  @IsString()
  name!: string;

  @IsOptional()
  @IsInt()
  count?: number;

  @IsOptional()
  @IsArray()
  @IsString({ each: true })
  tags?: string[];

  @IsOptional()
  @ValidateNested({ each: true })
  @Type(() => Change)
  changes?: Change[];

  @IsOptional()
  @ValidateNested()
  @Type(() => Owner)
  owner?: Owner;

  @IsOptional()
  @IsObject()
  variants?: Record<string, unknown>;
}

async function mistakesIn(value: unknown): Promise<readonly Mistake[]> {
  const error: unknown = await new RequestPipe().transform(value, { type: 'body', metatype: Body }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InvalidInput)) throw new Error(`not refused: ${String(error)}`);
  return error.mistakes;
}

describe('RequestPipe', () => {
  it('gives an instance of the class for a good body', async () => {
    const body: unknown = await new RequestPipe().transform(
      { name: 'a', changes: [{ flag: 'f' }] },
      { type: 'body', metatype: Body },
    );
    expect(body).toBeInstanceOf(Body);
    expect((body as Body).changes?.[0]).toBeInstanceOf(Change);
  });

  it('names every mistake at once, by its path', async () => {
    const body = { name: 1, changes: [{ flag: 'ok' }, { flag: 2 }], owner: {}, surprise: true };
    const mistakes = await mistakesIn(body);
    expect(mistakes).toEqual(
      expect.arrayContaining([
        { path: 'name', message: 'must be a string' },
        { path: 'changes[1].flag', message: 'must be a string' },
        { path: 'owner.name', message: 'is missing: it must be a string' },
        { path: 'surprise', message: 'is not a known field' },
      ]),
    );
  });

  it('says once that a field is missing, however many rules it has', async () => {
    expect(await mistakesIn({ name: 'a', changes: [{}] })).toHaveLength(1);
  });

  it('says of a list which rule each value breaks', async () => {
    expect(await mistakesIn({ name: 'a', tags: ['x', 1] })).toEqual([{ path: 'tags', message: 'each value must be a string' }]);
  });

  it('names unknown fields of nested objects', async () => {
    expect(await mistakesIn({ name: 'a', owner: { name: 'x', 'a.b': 1 } })).toEqual([
      { path: 'owner["a.b"]', message: 'is not a known field' },
    ]);
  });

  it('converts nothing that it was not asked to convert', async () => {
    expect(await mistakesIn({ name: 'a', count: '3' })).toEqual([{ path: 'count', message: 'must be an integer number' }]);
  });

  it.each([[undefined], [null], [{}]])('refuses a body that is not there (%p)', async (value) => {
    expect(await mistakesIn(value)).toEqual([{ path: 'name', message: 'is missing: it must be a string' }]);
  });

  it.each([[[]], ['text'], [[{ name: 'a' }]]])('refuses a body that is no object (%j)', async (value) => {
    expect(await mistakesIn(value)).not.toHaveLength(0);
  });

  it('refuses a body that is deeper than the call stack', async () => {
    const depth = 100_000;
    const value: unknown = JSON.parse('{"a":'.repeat(depth) + '1' + '}'.repeat(depth));
    expect(await mistakesIn({ name: 'a', variants: value })).toEqual([
      { path: '', message: 'the body has more than 200 objects and lists inside each other' },
    ]);
  });

  it('refuses a body of more values than its checks should walk through, wherever they are', async () => {
    const refusal = [{ path: '', message: 'the body has more than 10000 values' }];
    const many = Array.from({ length: 10_000 }, () => 1);
    expect(await mistakesIn({ name: 'a', variants: { many } })).toEqual(refusal);
    expect(await mistakesIn(many.concat(1))).toEqual(refusal);
    expect(await mistakesIn({ variants: { many: many.slice(0, 9_000) } })).toMatchObject([{ path: 'name' }]);
  });

  it('lists at most fifty mistakes, and how many there are more', async () => {
    const changes = Array.from({ length: 60 }, () => ({ flag: 1 }));
    const mistakes = await mistakesIn({ name: 'a', changes });
    expect(mistakes).toHaveLength(51);
    expect(mistakes.at(-1)?.message).toMatch(/more mistakes/);
  });
});
