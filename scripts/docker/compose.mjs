import { parse } from 'yaml';

/** Of the Compose specification what `compose.yaml` uses; a misspelt key is no key. */
const KEYS = {
  file: ['services', 'volumes', 'x-node'],
  service: ['build', 'image', 'restart', 'stop_grace_period', 'depends_on', 'environment', 'volumes', 'healthcheck', 'ports'],
  healthcheck: ['test', 'interval', 'timeout', 'retries', 'start_period'],
};
const CONDITIONS = ['service_started', 'service_healthy', 'service_completed_successfully'];

function onlyKeys(what, value, known) {
  const foreign = Object.keys(value).filter((key) => !known.includes(key));
  if (foreign.length > 0) throw new Error(`compose.yaml: ${what} has ${foreign.join(', ')}, which is not known here`);
}

/** `${NAME:?why}`, the only form that is used. @throws Error where the variable is missing, as Compose does. */
function interpolate(text, variables) {
  const filled = String(text).replace(/\$\{(\w+):\?([^}]*)\}/g, (_all, name, why) => {
    if (!variables[name]) throw new Error(`${name}: ${why}`);
    return variables[name];
  });
  if (filled.includes('$')) throw new Error(`compose.yaml: ${text} is not understood`);
  return filled;
}

function checkNames(name, service, file) {
  onlyKeys(`service ${name}`, service, KEYS.service);
  if (service.healthcheck !== undefined) onlyKeys(`the health check of ${name}`, service.healthcheck, KEYS.healthcheck);
  for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
    const target = file.services[other];
    if (target === undefined) throw new Error(`compose.yaml: ${name} depends on ${other}, which is not there`);
    if (!CONDITIONS.includes(condition)) throw new Error(`compose.yaml: ${condition} is no condition`);
    if (condition === 'service_healthy' && target.healthcheck === undefined)
      throw new Error(`compose.yaml: ${other} has no health check`);
  }
  for (const volume of service.volumes ?? []) {
    if (!(volume.split(':')[0] in (file.volumes ?? {}))) throw new Error(`compose.yaml: the volume of ${volume} is not declared`);
  }
}

/** @returns the services by name, their environment filled in. @throws Error at what is not known or does not exist. */
export function readCompose(text, variables) {
  const file = parse(text, { merge: true });
  onlyKeys('the file', file, KEYS.file);
  const services = Object.entries(file.services).map(([name, service]) => {
    checkNames(name, service, file);
    const environment = Object.entries(service.environment ?? {}).map(([key, value]) => [key, interpolate(value, variables)]);
    return [name, { ...service, environment: Object.fromEntries(environment) }];
  });
  return Object.fromEntries(services);
}
