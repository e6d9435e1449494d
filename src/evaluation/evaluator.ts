import { Injectable } from '@nestjs/common';
import { type Cursor, type FlagDefinition, sameCursor } from '@flagwire/protocol/sync';
import { type EvaluationContext } from '@openfeature/core';
import { type EnvironmentReplica } from '../changes/environment-replica.js';
import { CompiledFlag } from './compiled-flag.js';
import { EvaluationFigures } from './evaluation-figures.js';
import { type Answer } from './outcome.js';

/** The flags of an environment at one revision. */
interface Prepared {
  readonly head: Cursor;
  readonly flags: readonly CompiledFlag[];
  readonly readsTime: boolean;
}

/** Evaluates flags of the replicas. A flag is compiled once for each of its versions, and what was compiled goes with the version. */
@Injectable()
export class Evaluator {
  private readonly compiled = new WeakMap<FlagDefinition, CompiledFlag>();
  private readonly prepared = new WeakMap<EnvironmentReplica, Prepared>();

  constructor(private readonly figures: EvaluationFigures) {}

  /** The environment's flags, in the order of their ids. */
  flags(replica: EnvironmentReplica): readonly CompiledFlag[] {
    return this.prepare(replica).flags;
  }

  /** Whether any flag's result depends on when it is asked: then time alone makes an answer old. */
  readsTime(replica: EnvironmentReplica): boolean {
    return this.prepare(replica).readsTime;
  }

  /** Undefined: there is no such flag. */
  flag(replica: EnvironmentReplica, flagId: string): CompiledFlag | undefined {
    const found = replica.flag(flagId);
    return found === undefined ? undefined : this.compile(found.definition);
  }

  evaluate(flag: CompiledFlag, context: EvaluationContext): Answer {
    this.figures.evaluations += 1;
    return flag.evaluate(context);
  }

  private prepare(replica: EnvironmentReplica): Prepared {
    const known = this.prepared.get(replica);
    if (known !== undefined && sameCursor(known.head, replica.head)) return known;
    const flags = replica.flags(null).map(({ definition }) => this.compile(definition));
    const prepared = { head: replica.head, flags, readsTime: flags.some(({ facts }) => facts.readsTime) };
    this.prepared.set(replica, prepared);
    return prepared;
  }

  private compile(definition: FlagDefinition): CompiledFlag {
    const known = this.compiled.get(definition) ?? new CompiledFlag(definition);
    this.compiled.set(definition, known);
    return known;
  }
}
