/** Why a flag has the variant that it has. */
export type Decided = 'STATIC' | 'DEFAULT' | 'TARGETING_MATCH';

/** What a flag says to one context. */
export type Outcome =
  | { readonly kind: 'variant'; readonly reason: Decided; readonly variant: string }
  /** No value: the default in the code is to be used. */
  | { readonly kind: 'code_default'; readonly reason: 'DISABLED' | 'DEFAULT' }
  | { readonly kind: 'failure'; readonly errorCode: 'TARGETING_KEY_MISSING' | 'PARSE_ERROR' | 'GENERAL' };

/** The same object for every context to which a version of a flag says the same: nothing of it is made for each request. */
export interface Answer {
  readonly outcome: Outcome;
  /** See `ofrepText`. */
  readonly text: string;
}
