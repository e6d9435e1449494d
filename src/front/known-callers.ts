import { Injectable } from '@nestjs/common';
import { type Request, type Response } from 'express';
import { KeyRing } from '../auth/key-ring.js';
import { type PrincipalHolder, type SdkPrincipal } from '../auth/principal.js';
import { hasOnly, headersOf, smallLetters } from './headers.js';
import { Memory } from './remembered.js';

/** What is repeated, as it is spelt. */
const REPEATED = ['Cache-Control', 'Vary', 'X-Content-Type-Options', 'Strict-Transport-Security'];
/** Drawn or made for each answer. An answer with any other header is not learned from. */
const NAMES = smallLetters([...REPEATED, 'X-Request-Id', 'ETag', 'Content-Type', 'Content-Length']);

/** Whom the routes have let in. */
export interface KnownCaller {
  readonly principal: SdkPrincipal;
  /** See `headersOf`. */
  readonly headers: readonly string[];
}

/** Who has been given bulk answers. */
@Injectable()
export class KnownCallers {
  private readonly callers;

  constructor(
    private readonly keys: KeyRing,
    memory: Memory,
  ) {
    this.callers = memory.of<KnownCaller>();
  }

  /** Undefined: the routes have not let them in, or not lately. */
  caller(who: string): KnownCaller | undefined {
    return this.callers.get(who);
  }

  /** Takes whom the routes have let in. */
  learn(who: string, { sdk }: Request & PrincipalHolder, response: Response): void {
    if (sdk === undefined || 'unchecked' in sdk || !this.keys.isLive(sdk.keyId)) return;
    const isAnswer = response.statusCode === 200 || response.statusCode === 304;
    if (!isAnswer || !hasOnly(response, NAMES)) return;
    this.callers.learn(who, { principal: sdk, headers: headersOf(response, REPEATED) });
  }
}
