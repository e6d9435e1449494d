import { Injectable, type PipeTransform } from '@nestjs/common';
import { NotFound } from '../../common/errors.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whatever else a path holds, a NUL for one, never reaches the database: there is nothing of that id. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  constructor(private readonly what: string) {}

  transform(id: string): string {
    if (!UUID.test(id)) throw new NotFound(this.what, id);
    return id;
  }
}
