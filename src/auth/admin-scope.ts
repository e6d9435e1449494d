import { type Role, ROLES } from '@flagwire/protocol/admin';
import { type AdminAccessRule } from '../common/access.js';
import { Forbidden } from '../common/errors.js';
import { type AdminPrincipal } from './principal.js';

/** What a request is about, by its route. */
export interface RequestScope {
  method: string;
  /** `:project` and `:env` of the path. */
  project: string | undefined;
  env: string | undefined;
}

function reaches(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}

function isWrite(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** @throws Forbidden wrong_project */
export function checkProject({ projectKey }: AdminPrincipal, project: string): void {
  if (projectKey !== null && project !== projectKey)
    throw new Forbidden('wrong_project', `This token is for the project ${projectKey} only.`);
}

function checkReach(actor: AdminPrincipal, rule: AdminAccessRule, project: string | undefined): void {
  if (project !== undefined) return checkProject(actor, project);
  const { projectKey } = actor;
  if (projectKey !== null && rule.keepsToScope !== true) {
    throw new Forbidden('wrong_project', `This token is for the project ${projectKey} only, and this is about the whole server.`);
  }
}

function checkEnvironment({ environmentKeys }: AdminPrincipal, rule: AdminAccessRule, { method, env }: RequestScope): void {
  if (environmentKeys === null) return;
  const names = environmentKeys.join(', ');
  if (env !== undefined && !environmentKeys.includes(env)) {
    throw new Forbidden('wrong_environment', `This token is for these environments only: ${names}.`);
  }
  if (rule.projectWide ?? (isWrite(method) && env === undefined)) {
    throw new Forbidden(
      'wrong_environment',
      `This concerns every environment of the project; this token is for these only: ${names}.`,
    );
  }
}

/**
 * Whether a token may use a route.
 * @throws Forbidden insufficient_role, wrong_project, wrong_environment
 */
export function checkScope(actor: AdminPrincipal, rule: AdminAccessRule, scope: RequestScope): void {
  checkReach(actor, rule, scope.project);
  checkEnvironment(actor, rule, scope);
  if (!reaches(actor.role, rule.role)) {
    throw new Forbidden('insufficient_role', `This needs the role ${rule.role}; this token has the role ${actor.role}.`);
  }
}
