import { isObject } from '@flagwire/protocol/sync';

/** What can be told of a rule by reading it, once, before anybody is evaluated by it. */
export interface RuleFacts {
  /** It splits by the targeting key: a `fractional` without a bucketing value of its own. */
  readonly needsTargetingKey: boolean;
  /** Its result depends on when it is asked. */
  readonly readsTime: boolean;
  /** It reads a name that every JavaScript object has, or a path that is computed: what is found there nobody has sent. */
  readonly readsPrototypes: boolean;
}

const EVERYWHERE: ReadonlySet<string> = new Set([...Object.getOwnPropertyNames(Object.prototype), 'prototype']);
/** Operators of the library that flagd does not have, and that read paths of their own. */
const FOREIGN: ReadonlySet<string> = new Set(['val', 'get', 'exists']);

/** @param targeting JSONLogic; what it may hold is checked when it is written, and here nothing is taken from that. */
export function inspectRule(targeting: unknown): RuleFacts {
  const facts = { needsTargetingKey: false, readsTime: false, readsPrototypes: false };
  const open: unknown[] = [targeting];
  while (open.length > 0) {
    const value = open.pop();
    if (Array.isArray(value)) for (const item of value) open.push(item);
    else if (isObject(value)) {
      for (const [operator, operands] of Object.entries(value)) {
        if (operator === 'fractional' && splitsByTargetingKey(operands)) facts.needsTargetingKey = true;
        if (FOREIGN.has(operator)) facts.readsPrototypes = true;
        for (const path of pathsOf(operator, operands)) {
          if (isOfEveryObject(path)) facts.readsPrototypes = true;
          if (isTime(path)) facts.readsTime = true;
        }
        open.push(operands);
      }
    }
  }
  return facts;
}

/** A bucketing value is an operation, or a text, and stands first; where a bucket stands there, there is none. */
function splitsByTargetingKey(operands: unknown): boolean {
  const first: unknown = Array.isArray(operands) ? operands[0] : undefined;
  return !isObject(first) && typeof first !== 'string';
}

/** What the operation reads of the context by name. */
function pathsOf(operator: string, operands: unknown): unknown[] {
  const list: unknown[] = Array.isArray(operands) ? operands : [operands];
  switch (operator) {
    case 'var':
      return list.slice(0, 1);
    case 'missing':
      return list;
    case 'missing_some':
      return Array.isArray(list[1]) ? list[1] : list.slice(1);
    default:
      return [];
  }
}

function isOfEveryObject(path: unknown): boolean {
  if (typeof path === 'object' && path !== null) return true;
  return String(path)
    .split(/[./\\]/)
    .some((step) => EVERYWHERE.has(step));
}

/** The whole context holds the time, too. */
function isTime(path: unknown): boolean {
  if (typeof path !== 'string') return path === null || path === undefined;
  return path === '' || path === '$flagd' || path === '$flagd.timestamp';
}
