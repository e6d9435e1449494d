import { Injectable } from '@nestjs/common';

/** Whether the process is on its way out: readiness says so before anything else happens. */
@Injectable()
export class Lifecycle {
  private leaving = false;

  get draining(): boolean {
    return this.leaving;
  }

  beginDraining(): void {
    this.leaving = true;
  }
}
