import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { isObject } from '@flagwire/protocol/sync';
import { getMetadataStorage, validateSync } from 'class-validator';
import type { Request } from 'express';
import { InvalidInput, type Mistake } from '../../common/errors.js';
import { mistakesOf } from '../../common/validation.js';
import { at, MistakeList, MOST_REPORTED } from '../rules/mistake.js';

/**
 * A body whose fields have been looked at one by one: the right ones, and what is wrong with the others. It is not refused
 * yet, because the flag rules have to see the right ones first: an answer lists all mistakes of a body at once.
 */
export interface Draft<T> {
  readonly fields: Partial<T>;
  readonly mistakes: readonly Mistake[];
}

/** The fields that the class declares; a body may bring any name, `constructor` and `__proto__` too. */
function fieldsOf(type: new () => object): Set<string> {
  const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
  return new Set(rules.map(({ propertyName }) => propertyName));
}

/**
 * @param type a request class: its class-validator decorators say what is right.
 * @param path where the body stands, as mistakes name it.
 */
export function draftOf<T extends object>(type: new () => T, body: unknown, path = ''): Draft<T> {
  if (!isObject(body)) return { fields: {}, mistakes: [{ path, message: 'must be a JSON object' }] };
  const known = fieldsOf(type);
  const mistakes: Mistake[] = [];
  // By hand: class-transformer would recurse into variants and targeting, which may be of any depth, and drop keys silently.
  const instance = new type() as Record<string, unknown>;
  for (const name of Object.keys(body)) {
    if (known.has(name)) instance[name] = body[name];
    else mistakes.push({ path: at(path, name), message: 'is not a known field' });
  }
  const errors = validateSync(instance, { validationError: { target: false } });
  for (const mistake of mistakesOf(errors)) mistakes.push({ ...mistake, path: at(path, mistake.path) });
  for (const { property } of errors) delete instance[property];
  return { fields: instance as Partial<T>, mistakes };
}

/** @throws InvalidInput with every mistake once, where there is one. */
export function refuse(mistakes: Iterable<Mistake>): void {
  const all = [...mistakes];
  const list = new MistakeList();
  for (const { path, message } of all) list.add(path, message);
  if (list.isEmpty) return;
  // A list that a rule has cut already ends in the count of what it left out.
  throw new InvalidInput(all.length === MOST_REPORTED + 1 ? all : list.sorted(''));
}

/** The body as a draft of the class. The global pipe leaves it alone: to it this is a custom parameter. */
export const BodyDraft = createParamDecorator((type: new () => object, context: ExecutionContext) => {
  return draftOf(type, context.switchToHttp().getRequest<Request>().body);
});
