import { type FlagSettings } from '@flagwire/protocol/admin';
import { type FlagDefinition, type JsonObject } from '@flagwire/protocol/sync';
import { type FlagContent } from '../changes/change-set.js';
import { type FlagSetting } from './flag-setting.entity.js';
import { type Flag } from './flag.entity.js';

/** A flag's setting in one environment, wherever it comes from. */
export type Setting = Omit<FlagSetting, 'flagId' | 'environmentId'>;

/** What holds where nobody has set anything: an environment made later, a flag made without naming it. */
export const UNSET: Setting = { status: 'disabled', defaultVariant: null, inheritsDefaultVariant: true, targeting: {} };

/** The setting after an edit: what the edit does not name stays. */
export function changedSetting(setting: Setting, edit: FlagSettings): Setting {
  const { status = setting.status, default_variant: defaultVariant, targeting } = edit;
  const { inheritsDefaultVariant } = setting;
  return {
    status,
    targeting: targeting === undefined ? setting.targeting : (targeting as JsonObject),
    ...(defaultVariant === undefined
      ? { defaultVariant: setting.defaultVariant, inheritsDefaultVariant }
      : { defaultVariant, inheritsDefaultVariant: false }),
  };
}

/** What is served of a setting. */
export type Served = Pick<FlagDefinition, 'status' | 'default_variant' | 'targeting'>;

/** The setting that serves this. It is not told whether the default is inherited: what is inherited and right stays inherited. */
export function settingServing(flag: Flag, now: Setting, { status, default_variant, targeting }: Served): Setting {
  const inherits = now.inheritsDefaultVariant && flag.defaultVariant === default_variant;
  return { status, targeting, defaultVariant: inherits ? now.defaultVariant : default_variant, inheritsDefaultVariant: inherits };
}

/** The flag as clients of an environment shall see it. The one place that says so. */
export function toWire(flag: Flag, setting: Setting): FlagContent {
  return {
    id: flag.key,
    name: flag.name,
    description: flag.description,
    status: setting.status,
    value_type: flag.valueType,
    variants: flag.variants,
    default_variant: setting.inheritsDefaultVariant ? flag.defaultVariant : setting.defaultVariant,
    targeting: setting.targeting,
    metadata: { created_at: flag.createdAt, tags: flag.tags, owner: flag.owner, critical: flag.critical },
  };
}
