import { type ArgumentMetadata, Injectable, type ValidationError, ValidationPipe } from '@nestjs/common';
import { MOST_DEPTH } from './body-shape.js';
import { InvalidInput, type Mistake } from './errors.js';
import { quoted } from './odd-characters.js';

/** Values in a body that a request class describes: these are small, and what checks them takes its time with each. */
const MOST_VALUES = 10_000;
/** Answers stay readable, and small, whatever was sent. */
const MOST_MISTAKES = 50;

/** class-validator's sentences begin with the name of the field, which stands in `path` already. */
function sentence(rule: string, text: string, property: string): string {
  if (rule === 'whitelistValidation') return 'is not a known field';
  if (rule === 'unknownValue') return 'must be a JSON object';
  if (rule === 'nestedValidation') return 'must be an object, or a list of objects where a list is asked for';
  const each = text.startsWith('each value in ') ? 'each value ' : '';
  const rest = text.replace(/^each value in /, '');
  return each + (rest.startsWith(`${property} `) ? rest.slice(property.length + 1) : rest);
}

const PLAIN_KEY = /^[^\s\p{C}.[\]"'\\]{1,64}$/u;
const LONGEST_NAME = 64;

function at(path: string, property: string, isIndex: boolean): string {
  if (isIndex) return `${path}[${property}]`;
  if (!PLAIN_KEY.test(property)) return `${path}[${quoted(property.slice(0, LONGEST_NAME))}]`;
  return path === '' ? property : `${path}.${property}`;
}

function ownMistakes(error: ValidationError, path: string): Mistake[] {
  const rules = Object.entries(error.constraints ?? {});
  const messages = rules.map(([rule, text]) => sentence(rule, text, error.property));
  // Of a field that is not there every rule complains: one sentence is enough.
  const isMissing =
    error.value === undefined && (error.children ?? []).length === 0 && !rules.some(([rule]) => rule === 'whitelistValidation');
  const [first] = messages;
  if (isMissing && first !== undefined && path !== '') return [{ path, message: `is missing: it ${first}` }];
  return messages.map((message) => ({ path, message }));
}

/** All mistakes of a request, each once, with paths such as `variants.on` and `changes[3].flag`. */
export function mistakesOf(errors: readonly ValidationError[]): Mistake[] {
  const found = new Map<string, Mistake>();
  const open = errors.map((error) => ({ error, path: '', isInList: false })).reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { error, isInList } = next;
    const path = error.property === undefined ? next.path : at(next.path, String(error.property), isInList);
    for (const mistake of ownMistakes(error, path)) found.set(`${mistake.path}\n${mistake.message}`, mistake);
    const isList = Array.isArray(error.value);
    // One by one: a hostile list has more items than a call takes arguments.
    for (const child of [...(error.children ?? [])].reverse()) open.push({ error: child, path, isInList: isList });
  }
  const all = [...found.values()];
  if (all.length <= MOST_MISTAKES) return all;
  const more = all.length - MOST_MISTAKES;
  return [...all.slice(0, MOST_MISTAKES), { path: '', message: `${more} more mistakes are not listed: correct these first` }];
}

const isRequest = ({ type, metatype }: ArgumentMetadata): boolean =>
  (type === 'body' || type === 'query') && metatype !== undefined && metatype !== Object;

/** What no check should have to walk through; null: nothing. Walks with a list of its own: the value may be deeper than the call stack. */
function excessOf(body: unknown, most: { depth: number; values: number }): string | null {
  const open = [{ value: body, depth: 0 }];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) continue;
    if (depth >= most.depth) return `the body has more than ${most.depth} objects and lists inside each other`;
    const values = Object.values(value) as unknown[];
    count += values.length;
    if (count > most.values) return `the body has more than ${most.values} values`;
    for (const inner of values) open.push({ value: inner, depth: depth + 1 });
  }
  return null;
}

/** Unknown fields that class-transformer drops before anybody sees them: those called like a method of every object, and `prototype`. */
function hiddenFields(value: unknown, metadata: ArgumentMetadata): Mistake[] {
  if (!isRequest(metadata) || typeof value !== 'object' || value === null) return [];
  const names = Object.keys(value).filter((name) => name in Object.prototype || name === 'prototype');
  return names.map((name) => ({ path: at('', name, false), message: 'is not a known field' }));
}

/**
 * Checks request classes: every mistake at once, unknown fields refused. Values are converted only where the class says so
 * (`@Type`).
 * @throws InvalidInput
 */
@Injectable()
export class RequestPipe extends ValidationPipe {
  constructor() {
    super({
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      transform: true,
      validationError: { target: false, value: true },
      exceptionFactory: (errors: ValidationError[]) => new InvalidInput(mistakesOf(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // class-transformer and class-validator walk by recursion and would overflow the stack, and the event loop would wait for them.
    const most = { depth: MOST_DEPTH, values: isRequest(metadata) ? MOST_VALUES : Infinity };
    const excess = metadata.type === 'body' ? excessOf(value, most) : null;
    if (excess !== null) throw new InvalidInput([{ path: '', message: excess }]);
    const hidden = hiddenFields(value, metadata);
    try {
      const request: unknown = await super.transform(value, metadata);
      if (hidden.length === 0) return request;
    } catch (error) {
      if (error instanceof InvalidInput) throw new InvalidInput([...error.mistakes, ...hidden]);
      throw error;
    }
    throw new InvalidInput(hidden);
  }
}
