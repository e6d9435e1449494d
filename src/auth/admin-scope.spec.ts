import { describe, expect, it } from '@jest/globals';
import { type Role } from '@flagwire/protocol/admin';
import { type AdminAccessOptions } from '../common/access.js';
import { Forbidden } from '../common/errors.js';
import { checkScope } from './admin-scope.js';
import { type AdminPrincipal } from './principal.js';

const everything: AdminPrincipal = { id: '1', name: 'root', role: 'admin', projectKey: null, environmentKeys: null };
const shop: AdminPrincipal = { ...everything, projectKey: 'shop' };
const staging: AdminPrincipal = { ...shop, environmentKeys: ['staging'] };

/** The code of the refusal, or `ok`. */
function outcome(actor: AdminPrincipal, request: string, least: Role = 'viewer', options: AdminAccessOptions = {}): string {
  const [method = '', project, env] = request.split(' ');
  try {
    checkScope(actor, { kind: 'admin', role: least, ...options }, { method, project, env });
    return 'ok';
  } catch (error) {
    return (error as Forbidden).code;
  }
}

describe('the scope of an admin token', () => {
  it.each([
    ['viewer', 'viewer', 'ok'],
    ['viewer', 'editor', 'insufficient_role'],
    ['editor', 'viewer', 'ok'],
    ['editor', 'admin', 'insufficient_role'],
    ['admin', 'admin', 'ok'],
  ] as const)('a %s where a %s is needed: %s', (role, least, expected) => {
    expect(outcome({ ...everything, role }, 'POST shop', least)).toBe(expected);
  });

  it.each([
    ['GET shop', 'ok'],
    ['POST shop', 'ok'],
    ['PATCH shop production', 'ok'],
    ['GET bank', 'wrong_project'],
    ['GET bank staging', 'wrong_project'],
    ['GET', 'wrong_project'],
    ['POST', 'wrong_project'],
  ])('limited to a project, %s: %s', (request, expected) => {
    expect(outcome(shop, request)).toBe(expected);
  });

  it.each([
    ['GET shop', 'ok'],
    ['HEAD shop', 'ok'],
    ['GET shop staging', 'ok'],
    ['PATCH shop staging', 'ok'],
    ['GET shop production', 'wrong_environment'],
    ['PATCH shop production', 'wrong_environment'],
    ['POST shop', 'wrong_environment'],
    ['DELETE shop', 'wrong_environment'],
    ['PATCH bank staging', 'wrong_project'],
  ])('limited to an environment, %s: %s', (request, expected) => {
    expect(outcome(staging, request)).toBe(expected);
  });

  it('follows a route that says what it is', () => {
    expect(outcome(staging, 'GET shop', 'viewer', { projectWide: true })).toBe('wrong_environment');
    expect(outcome(staging, 'POST shop', 'viewer', { projectWide: false })).toBe('ok');
    expect(outcome(shop, 'GET', 'viewer', { keepsToScope: true })).toBe('ok');
    expect(outcome(shop, 'GET bank', 'viewer', { keepsToScope: true })).toBe('wrong_project');
  });

  it('leaves a token of the whole server free', () => {
    for (const request of ['GET', 'POST', 'POST bank', 'DELETE bank production']) expect(outcome(everything, request)).toBe('ok');
  });
});
