import { isPlainObject } from './json-shape.js';
import { at, type MistakeList, quote } from './mistake.js';
import { reservedStep } from './reserved-names.js';
import { COMPARISONS, VERSION } from './targeting-operators.js';

/** A value inside a targeting and its path. */
export type Place = readonly [value: unknown, path: string];

/*
 * One function for each operator whose arguments are more than "anything". Each adds what it finds at its own level and
 * returns the places that may hold further operations.
 */

export function itemsOf(list: unknown[], path: string): Place[] {
  return list.map((item, index) => [item, at(path, index)]);
}

/** Those of a list that can hold operations. Of 32,000 numbers no path is made. */
export function nestedIn(list: unknown[], path: string): Place[] {
  const places: Place[] = [];
  list.forEach((item, index) => {
    if (typeof item === 'object' && item !== null) places.push([item, at(path, index)]);
  });
  return places;
}

const OWN_ATTRIBUTES = ['$flagd.timestamp', '$flagd.flagKey'];

function inspectAttribute(attribute: string, path: string, mistakes: MistakeList): void {
  const step = reservedStep(attribute);
  if (step !== undefined) {
    mistakes.add(path, `reads ${quote(step)}, a name that every JavaScript object has: read an attribute of another name`);
  } else if (attribute.startsWith('$flagd.') && !OWN_ATTRIBUTES.includes(attribute)) {
    mistakes.add(path, `${quote(attribute)} does not exist: flagd adds only ${OWN_ATTRIBUTES.map(quote).join(' and ')}`);
  }
}

/**
 * `{"var": "email"}`, `{"var": ["email", "none"]}`. The attribute stands there literally: flagd's schema would let a
 * computed one through, and with it every name that is refused here.
 */
export function inspectVar(value: unknown, path: string, mistakes: MistakeList): Place[] {
  const places: Place[] = Array.isArray(value) ? itemsOf(value, path) : [[value, path]];
  const [[attribute, place] = [null, path], ...defaults] = places;
  if (typeof attribute === 'string') inspectAttribute(attribute, place, mistakes);
  else if (attribute !== null && typeof attribute !== 'number') {
    mistakes.add(
      place,
      'must be the path of an attribute as a string, as in {"var": "user.email"}: a computed path is not allowed',
    );
  }
  return defaults;
}

/** `{"missing": ["email", "plan"]}` */
export function inspectMissing(list: unknown[], path: string, mistakes: MistakeList): Place[] {
  for (const [item, place] of itemsOf(list, path)) {
    if (typeof item === 'string') inspectAttribute(item, place, mistakes);
    else mistakes.add(place, 'must be the path of an attribute as a string, as in {"missing": ["email"]}');
  }
  return [];
}

/** `{"missing_some": [1, ["email", "phone"]]}` */
export function inspectMissingSome([least, attributes]: unknown[], path: string, mistakes: MistakeList): Place[] {
  if (least !== undefined && typeof least !== 'number') {
    mistakes.add(at(path, 0), 'must be a number: how many of the attributes are needed');
  }
  if (Array.isArray(attributes)) return inspectMissing(attributes, at(path, 1), mistakes);
  if (attributes !== undefined) {
    mistakes.add(at(path, 1), 'must be a list of paths of attributes, as in {"missing_some": [1, ["email", "phone"]]}');
  }
  return [];
}

/** `{"starts_with": [{"var": "email"}, "a"]}` */
export function inspectTexts(list: unknown[], path: string, mistakes: MistakeList): Place[] {
  const places = itemsOf(list, path);
  for (const [item, place] of places) {
    if (typeof item !== 'string' && !isPlainObject(item))
      mistakes.add(place, 'must be a string, or an operation such as {"var": "email"}');
  }
  return places.filter(([item]) => isPlainObject(item));
}

/** `{"sem_ver": [{"var": "version"}, ">=", "2.0.0"]}` */
export function inspectSemVer([left, comparison, right]: unknown[], path: string, mistakes: MistakeList): Place[] {
  if (comparison !== undefined && !COMPARISONS.includes(comparison)) {
    mistakes.add(at(path, 1), `must be one of ${COMPARISONS.map((one) => JSON.stringify(one)).join(', ')}`);
  }
  const versions: Place[] = [
    [left, at(path, 0)],
    [right, at(path, 2)],
  ];
  return versions.filter(([version, place]) => {
    if (isPlainObject(version) && Object.hasOwn(version, 'var')) return true;
    if (version !== undefined && !(typeof version === 'string' && VERSION.test(version))) {
      mistakes.add(place, 'must be a semantic version such as "1.2.0", or an attribute as in {"var": "app.version"}');
    }
    return false;
  });
}
