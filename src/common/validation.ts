import { type ArgumentMetadata, Injectable, type ValidationError, ValidationPipe } from '@nestjs/common';
import { InvalidInput, type Mistake } from './errors.js';

/** Objects and lists inside each other. Far above what a flag's rules may have; below what recursive code can take. */
const MOST_DEPTH = 200;
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
  if (!PLAIN_KEY.test(property)) return `${path}[${JSON.stringify(property.slice(0, LONGEST_NAME))}]`;
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

/** Counts with a list of its own: the value may be deeper than the call stack. */
function isTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MOST_DEPTH) return true;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? (Object.values(item) as unknown[]) : []));
  }
  return false;
}

/** Unknown fields that class-transformer drops before anybody sees them: those called like a method of every object. */
function hiddenFields(value: unknown, { type, metatype }: ArgumentMetadata): Mistake[] {
  const isRequest = (type === 'body' || type === 'query') && metatype !== undefined && metatype !== Object;
  if (!isRequest || typeof value !== 'object' || value === null) return [];
  const names = Object.keys(value).filter((name) => name in Object.prototype);
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
    // class-transformer and class-validator walk by recursion and would overflow the stack.
    if (metadata.type === 'body' && isTooDeep(value)) {
      throw new InvalidInput([{ path: '', message: `the body has more than ${MOST_DEPTH} objects and lists inside each other` }]);
    }
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
