export interface Schema {
  $ref?: string;
  allOf?: Schema[];
  oneOf?: Schema[];
  type?: string;
  format?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  minItems?: number;
  minimum?: number;
  enum?: unknown[];
  example?: unknown;
}

export interface Operation {
  requestBody?: { content: Record<string, { schema?: Schema }> };
}

export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

function sample(document: OpenApi, schema: Schema): unknown {
  const { $ref, allOf, oneOf, type, example } = schema;
  if (example !== undefined) return example;
  const [inner] = [...(allOf ?? []), ...(oneOf ?? [])];
  const referred = $ref === undefined ? inner : document.components.schemas[$ref.slice($ref.lastIndexOf('/') + 1)];
  if (referred !== undefined) return sample(document, referred);
  if (schema.enum !== undefined) return schema.enum[0];
  switch (type) {
    case 'object':
      return Object.fromEntries((schema.required ?? []).map((name) => [name, sample(document, schema.properties?.[name] ?? {})]));
    case 'array':
      return (schema.minItems ?? 0) > 0 ? [sample(document, schema.items ?? {})] : [];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'string':
    case undefined:
    default:
      return 'sample';
  }
}

/** A body with what the document requires, from its examples; undefined where the operation takes none. */
export function sampleBody(document: OpenApi, { requestBody }: Operation): object | undefined {
  const schema = requestBody?.content['application/json']?.schema;
  return schema === undefined ? undefined : (sample(document, schema) as object);
}

function textsIn(document: OpenApi, schema: Schema, path: string): string[] {
  const { $ref, allOf, properties, items, type } = schema;
  if (schema.enum !== undefined || schema.format !== undefined) return [];
  const [inner] = allOf ?? [];
  const referred = $ref === undefined ? inner : document.components.schemas[$ref.slice($ref.lastIndexOf('/') + 1)];
  if (referred !== undefined) return textsIn(document, referred, path);
  if (type === 'string') return [path];
  // A list of texts is one field, and so is each entry of a list of objects.
  if (items !== undefined) return textsIn(document, items, items.type === 'string' ? path : `${path}[0]`);
  const prefix = path === '' ? '' : `${path}.`;
  return Object.entries(properties ?? {}).flatMap(([name, field]) => textsIn(document, field, `${prefix}${name}`));
}

/** Every text that a body may have but for those of a fixed list or format, as `POST /api/tokens name`. */
export function textFields(document: OpenApi): string[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).flatMap(([method, { requestBody }]) => {
      const schema = requestBody?.content['application/json']?.schema ?? {};
      return textsIn(document, schema, '').map((field) => `${method.toUpperCase()} ${path} ${field}`);
    }),
  );
}
