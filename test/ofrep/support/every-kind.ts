import { type AdminClient } from '../../support/admin-client.js';

const on = (more: object = {}) => ({ environments: { production: { status: 'enabled', ...more } } });
const isAdmin = { '==': [{ var: 'role' }, 'admin'] };

/** What a client must not learn: it stands in rules, descriptions, tags and owners. */
export const HIDDEN = 'hidden-from-clients';

/** A flag of every type and with every result, enabled in production; sorted by id. */
export const EVERY_KIND: Record<string, object> = {
  'a.boolean': on(),
  'b.string': { value_type: 'string', variants: { x: 'text', y: '' }, default_variant: 'x', ...on() },
  'c.integer': { value_type: 'number', variants: { n: 7 }, default_variant: 'n', ...on() },
  'd.float': { value_type: 'number', variants: { n: 0.5 }, default_variant: 'n', ...on() },
  'e.object': { value_type: 'object', variants: { o: { a: [1, { b: null }] } }, default_variant: 'o', ...on() },
  'f.targeted': {
    description: `${HIDDEN} description`,
    tags: [`${HIDDEN}-tag`],
    owner: `${HIDDEN}@example.com`,
    ...on({ targeting: { if: [{ or: [isAdmin, { '==': [{ var: 'email' }, `${HIDDEN}@example.com`] }] }, 'on', null] } }),
  },
  'g.split': on({
    targeting: {
      fractional: [
        ['on', 50],
        ['off', 50],
      ],
    },
  }),
  'h.by-email': on({ targeting: { fractional: [{ var: 'email' }, ['on', 1]] } }),
  'i.no-default': { default_variant: null, ...on() },
  'j.disabled': {},
  'k.deprecated': on({ status: 'deprecated' }),
  'l.divides': on({ targeting: { if: [{ '>': [{ '/': [1, { var: 'zero' }] }, 1] }, 'on', 'off'] } }),
};

export async function createEveryKind(admin: AdminClient): Promise<void> {
  for (const [id, fields] of Object.entries(EVERY_KIND)) await admin.createFlag(id, fields);
}
