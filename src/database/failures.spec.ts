import { describe, expect, it } from '@jest/globals';
import { QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { isConnectionFailure, isDeadConnection, isSerializationFailure, isStorageFull, isUniqueViolation } from './failures.js';

const withCode = (code: string) => Object.assign(new Error('failed'), { code });
/** As TypeORM wraps it. */
const wrapped = (code: string) => Object.assign(new Error('QueryFailedError'), { driverError: withCode(code) });

describe('What a failure of the database means', () => {
  it.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EAI_AGAIN',
    '08006',
    '57P01',
    '57P03',
    '53300',
    '57014',
    '55P03',
    '25006',
  ])('%s: it cannot be asked now', (code) => {
    expect(isConnectionFailure(withCode(code))).toBe(true);
    expect(isConnectionFailure(wrapped(code))).toBe(true);
  });

  it.each([
    'Connection terminated unexpectedly',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client was closed and is not queryable',
    new QueryRunnerAlreadyReleasedError().message,
    new QueryRunnerProviderAlreadyReleasedError().message,
  ])('“%s”: it cannot be asked now, though the driver gives no code', (message) =>
    expect(isConnectionFailure(new Error(message))).toBe(true),
  );

  it.each(['23505', '42P01', '22P02', 'SQLITE_ERROR', 'SQLITE_CONSTRAINT_UNIQUE'])('%s: it was asked, and refused', (code) => {
    expect(isConnectionFailure(wrapped(code))).toBe(false);
  });

  it.each(['ECONNRESET', 'EPIPE', '57P01'])('%s: this connection is dead, another one may not be', (code) => {
    expect([isDeadConnection(withCode(code)), isDeadConnection(wrapped(code))]).toEqual([true, true]);
  });

  it.each(['Connection terminated unexpectedly', new QueryRunnerProviderAlreadyReleasedError().message])(
    '“%s”: this connection is dead, another one may not be',
    (message) => expect(isDeadConnection(new Error(message))).toBe(true),
  );

  it.each([
    withCode('ECONNREFUSED'),
    withCode('57P03'),
    withCode('57014'),
    new Error('Query read timeout'),
    new Error('Connection terminated due to connection timeout'),
    new Error('timeout exceeded when trying to connect'),
  ])('%p: another connection would fare no better', (error) => expect(isDeadConnection(error)).toBe(false));

  it.each(['40P01', '40001'])('%s: the same again may succeed', (code) => {
    expect(isSerializationFailure(wrapped(code))).toBe(true);
    expect(isConnectionFailure(wrapped(code))).toBe(false);
  });

  it.each(['53100', 'SQLITE_FULL'])('%s: there is no room', (code) => {
    expect(isStorageFull(wrapped(code))).toBe(true);
  });

  it.each(['23505', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'])('%s: the key is there already', (code) => {
    expect(isUniqueViolation(wrapped(code))).toBe(true);
  });

  it.each(['23503', '23502', 'SQLITE_CONSTRAINT_FOREIGNKEY', 'SQLITE_CONSTRAINT_NOTNULL'])(
    '%s: something else is wrong than a key',
    (code) => {
      expect(isUniqueViolation(wrapped(code))).toBe(false);
    },
  );

  it.each([null, undefined, 'text', {}, new Error('anything')])('%p: nothing that is known', (error) => {
    expect(
      [isConnectionFailure, isDeadConnection, isSerializationFailure, isStorageFull, isUniqueViolation].some((is) => is(error)),
    ).toBe(false);
  });
});
