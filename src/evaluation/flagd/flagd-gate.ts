import { type Metadata } from '@grpc/grpc-js';
import { Injectable } from '@nestjs/common';
import { type SdkCredentials } from '../../auth/credentials.js';
import { type SdkPrincipal } from '../../auth/principal.js';
import { SdkKeyVerifier } from '../../auth/sdk-key-verifier.js';
import { WrongCredentials } from '../../auth/wrong-credentials.js';
import { Forbidden, Unauthenticated } from '../../common/errors.js';
import { Config } from '../../config/config.js';
import { parseSelector } from './flagd-selector.js';

/** Who calls, as far as the call itself says. */
export interface Caller {
  readonly metadata: Metadata;
  /** Of the connection; empty where it is gone. */
  readonly peer: string;
  /** Of the request, where it has one. */
  readonly selector: string | undefined;
}

/** Whoever was let in, and from where. */
export interface Admitted extends SdkPrincipal {
  readonly address: string;
  /** What the selector calls the environment; undefined: it does not say. */
  readonly flagSetId: string | undefined;
}

/** Lets calls in: `authorization: Bearer KEY`, or, for providers that can set a selector only, `key=KEY` in that. */
@Injectable()
export class FlagdGate {
  constructor(
    private readonly verifier: SdkKeyVerifier,
    private readonly wrong: WrongCredentials,
    private readonly config: Config,
  ) {}

  /**
   * @throws InvalidInput a selector that cannot be read, or two different keys.
   * @throws Unauthenticated, Forbidden; RateLimited: a wrong key, one of many from this address.
   * @throws DatabaseUnavailable, KeyNotChecked where nobody can tell now.
   */
  async admit(caller: Caller): Promise<Admitted> {
    const address = this.addressOf(caller);
    const { flagSetId, ...credentials } = presentedBy(caller);
    try {
      return { ...(await this.verifier.verify(credentials, undefined)), address, flagSetId };
    } catch (error) {
      throw this.wrong.answerTo(error, address);
    }
  }

  /** As far as FLAGWIRE_TRUST_PROXY believes what proxies wrote: each writes whom it was asked by at the end. */
  private addressOf({ metadata, peer }: Caller): string {
    const written =
      textOf(metadata, 'x-forwarded-for')
        ?.split(',')
        .map((address) => address.trim()) ?? [];
    const addresses = [peer, ...written.reverse()];
    return addresses[Math.min(this.config.trustProxy, addresses.length - 1)] ?? peer;
  }
}

/** The selector of the request is the older place of the one in the metadata: the provider for JavaScript sends both. */
function presentedBy({ metadata, selector }: Caller): SdkCredentials & { flagSetId: string | undefined } {
  const ofRequest = parseSelector(selector ?? '');
  const ofMetadata = parseSelector(textOf(metadata, 'flagd-selector') ?? '');
  const authorization = textOf(metadata, 'authorization');
  if (ofRequest.flagSetId !== undefined && ofMetadata.flagSetId !== undefined && ofRequest.flagSetId !== ofMetadata.flagSetId)
    throw new Forbidden('wrong_environment', 'The selectors name two flag sets, and a key has one.');
  if ((authorization ?? ofRequest.key ?? ofMetadata.key) === undefined)
    throw new Unauthenticated(
      'missing_credential',
      'No key was sent. Send one in the metadata as authorization: Bearer KEY, or in the selector as key=KEY.',
    );
  return {
    authorization,
    apiKey: ofRequest.key,
    queryKey: ofMetadata.key,
    flagSetId: ofRequest.flagSetId ?? ofMetadata.flagSetId,
  };
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const values = metadata.get(name);
  return values.length === 0 ? undefined : values.map(String).join(',');
}
