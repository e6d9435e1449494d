import { boolean, type Check, line, lines, list, object, orNull } from '../../projects/requests/checks.js';
import { Field, OptionalField } from '../../projects/requests/field.decorator.js';

const LONGEST = { name: 256, description: 4096, owner: 256, tag: 64, tags: 50 } as const;

const nameSchema = { type: String, minLength: 1, maxLength: LONGEST.name };
const variantsSchema = {
  type: 'object',
  additionalProperties: true,
  example: { on: true, off: false },
  description: 'Names and values, 1 to 100; each value is of the flag’s value_type.',
} as const;

// Only the shape; the flag rules say the rest, once it is known which variants and which type there are.
const variantName: Check = (value) => (typeof value === 'string' ? null : 'must be the name of a variant');

export const Name = () => Field(line(LONGEST.name), nameSchema);
export const OptionalName = () => OptionalField(line(LONGEST.name), nameSchema);
export const Variants = () => Field(object, variantsSchema);
export const OptionalVariants = () => OptionalField(object, variantsSchema);

/** Null clears. */
export const Description = () =>
  OptionalField(orNull(lines(LONGEST.description)), { type: String, nullable: true, description: 'At most 4 KiB.' });

/** Null: the default in the code. */
export const DefaultVariant = () =>
  OptionalField(orNull(variantName), {
    type: String,
    nullable: true,
    description: 'Name of a variant; null: the default in the code.',
  });

/** Null clears. */
export const Tags = () =>
  OptionalField(orNull(list(line(LONGEST.tag), LONGEST.tags)), { type: [String], nullable: true, maxItems: LONGEST.tags });

/** Null clears. */
export const Owner = () => OptionalField(orNull(line(LONGEST.owner)), { type: String, nullable: true, maxLength: LONGEST.owner });

/** Null clears. */
export const Critical = () => OptionalField(orNull(boolean), { type: Boolean, nullable: true });

/** Null clears. */
export const Targeting = () =>
  OptionalField(orNull(object), {
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'JSONLogic as flagd defines it; {} or null for none.',
  });
