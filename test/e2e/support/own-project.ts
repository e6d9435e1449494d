import { type AdminClient } from '../../support/admin-client.js';

let drawn = 0;

/** A new project with these environments, as the option that calls take: tests share a server and nothing else. */
export async function ownProject(admin: AdminClient, environments: readonly string[]): Promise<{ project: string }> {
  drawn += 1;
  const options = { project: `p${drawn}` };
  await admin.createProject(options.project);
  for (const key of environments) await admin.createEnvironment(key, options);
  return options;
}
