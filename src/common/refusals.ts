import { Injectable } from '@nestjs/common';

/** How many refusals there were since the start, by their code (docs/errors.md), at whichever door. */
@Injectable()
export class Refusals {
  private readonly counts = new Map<string, number>();

  /** @param refused the error, or the answer. */
  note({ code }: { code: string }): void {
    this.counts.set(code, (this.counts.get(code) ?? 0) + 1);
  }

  byCode(): Iterable<[string, number]> {
    return this.counts;
  }
}
