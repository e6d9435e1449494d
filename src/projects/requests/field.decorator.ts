import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';
import { type Check } from './checks.js';

const checkedBy = (check: Check) =>
  ValidateBy({
    name: 'field',
    validator: {
      validate: (value) => check(value) === null,
      defaultMessage: (args) => check(args?.value) ?? '',
    },
  });

const optional = ValidateIf((_, value) => value !== undefined);

/** A field that a request must have: one check, so one mistake at most, and its line in the OpenAPI document. */
export function Field(check: Check, schema: ApiPropertyOptions = {}): PropertyDecorator {
  return applyDecorators(ApiProperty(schema), checkedBy(check));
}

/** The same for a field that may be absent. Null is not absent: the check decides about it. */
export function OptionalField(check: Check, schema: ApiPropertyOptions = {}): PropertyDecorator {
  const options = { ...schema, required: false } as ApiPropertyOptions;
  return applyDecorators(ApiProperty(options), optional, checkedBy(check));
}

/** A field that the OpenAPI document leaves out: declared so that its refusal says why. */
export function RefusedField(message: string): PropertyDecorator {
  return applyDecorators(
    optional,
    checkedBy(() => message),
  );
}
