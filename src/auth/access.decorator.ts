import { type Role } from '@flagwire/protocol/admin';
import { access, type AdminAccessOptions, type SdkAccessRule } from '../common/access.js';

/** For admin tokens of this role or a higher one; `:project` and `:env` of the path must lie in the token's scope. */
export const AdminAccess = (role: Role, options: AdminAccessOptions = {}) => access({ kind: 'admin', role, ...options });

/** For server keys, and for tickets and client keys where it says so. */
export const SdkAccess = (options: Omit<SdkAccessRule, 'kind'>) => access({ kind: 'sdk', ...options });
