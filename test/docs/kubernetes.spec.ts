import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import { SETTINGS } from '../../src/config/settings.js';
import { projectRoot } from '../support/project-root.js';
import { useServers } from '../support/use-servers.js';
import { httpRequest } from '../support/http-request.js';

const run = promisify(execFile);

interface Probe {
  httpGet: { path: string; port: string };
}

interface Port {
  name: string;
  containerPort: number;
}

interface Container {
  name: string;
  ports: Port[];
  env: { name: string; value?: string }[];
  startupProbe: Probe;
  livenessProbe: Probe;
  readinessProbe: Probe;
  lifecycle: { preStop: { sleep: { seconds: number } } };
}

interface Manifest {
  apiVersion: string;
  kind: string;
  spec: object;
}

/** By `kind`: where its model is, which has the published schema of Kubernetes as a type and as a validator. */
const MODELS: Record<string, string> = {
  Service: 'kubernetes-models/v1',
  Deployment: 'kubernetes-models/apps/v1',
  PodDisruptionBudget: 'kubernetes-models/policy/v1',
};

const text = readFileSync(join(projectRoot(), 'deploy/kubernetes.yaml'), 'utf8');
const read = (source: string) =>
  parseAllDocuments(source).map((document) => {
    if (document.errors.length > 0) throw new Error(document.errors.join('\n'));
    return document.toJS() as Manifest;
  });
const manifests = read(text);
/** With the lines that open the port of gRPC, as the head of the file says. */
const opened = read(text.replaceAll('#+ ', ''));

/** What the compiler says of a manifest as a literal of its type: a field that there is not, too, which the schema lets through. */
function mistakesOf(kind: string, manifest: unknown): string[] {
  const file = join(projectRoot(), 'test/docs/manifest.ts');
  const source = `import { I${kind} } from '${MODELS[kind] ?? ''}';\nexport const it: I${kind} = ${JSON.stringify(manifest)};\n`;
  const options: ts.CompilerOptions = {
    ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2023 },
    ...{ strict: true, noEmit: true, skipLibCheck: true, types: [] },
  };
  const host = ts.createCompilerHost(options);
  const program = ts.createProgram([file], options, {
    ...host,
    fileExists: (name) => name === file || host.fileExists(name),
    getSourceFile: (name, language) =>
      name === file ? ts.createSourceFile(name, source, language) : host.getSourceFile(name, language),
  });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

/** What the schema says of it. The models are ES modules, which these tests are not: so a process of its own loads them. */
async function wrongIn(kind: string, manifest: unknown): Promise<string> {
  const script = join(projectRoot(), 'test/docs/support/kubernetes-models.mjs');
  const { stdout } = await run(process.execPath, [script, MODELS[kind] ?? '', kind, JSON.stringify(manifest)]);
  return stdout;
}

const specOf = <T>(kind: string, of = manifests) => of.find((manifest) => manifest.kind === kind)?.spec as T;
const podOf = (of: Manifest[]) =>
  specOf<{ template: { spec: { terminationGracePeriodSeconds: number; containers: [Container] } } }>('Deployment', of).template
    .spec;

describe('deploy/kubernetes.yaml', () => {
  const start = useServers();
  const pod = podOf(manifests);
  const [container] = pod.containers;

  it.each([
    ...manifests.map((manifest): [string, Manifest] => [manifest.kind, manifest]),
    ...opened.map((manifest): [string, Manifest] => [`${manifest.kind} (with gRPC)`, manifest]),
  ])(
    'has a %s as the schema of Kubernetes wants it, without a field that there is not',
    async (_name, manifest) => {
      const { kind } = manifest;
      expect(await wrongIn(kind, manifest)).toBe('');
      expect(mistakesOf(kind, manifest)).toEqual([]);
    },
    60_000,
  );

  it('would not pass with a value of another type, or with a field that is misspelt', async () => {
    const spec = specOf<object>('PodDisruptionBudget');
    const budget = manifests.find(({ kind }) => kind === 'PodDisruptionBudget');
    expect(await wrongIn('PodDisruptionBudget', { ...budget, spec: { ...spec, selector: 'all' } })).toContain('selector');
    expect(mistakesOf('PodDisruptionBudget', { ...budget, spec: { ...spec, maxUnavailble: 1 } })).toEqual([
      expect.stringContaining('maxUnavailble'),
    ]);
  }, 60_000);

  it('selects the pods that it makes, and names settings that there are', () => {
    const { template, selector } = specOf<{ template: { metadata: { labels: object } }; selector: { matchLabels: object } }>(
      'Deployment',
    );
    expect(selector.matchLabels).toEqual(template.metadata.labels);
    expect(specOf<{ selector: object }>('Service').selector).toEqual(template.metadata.labels);
    expect(specOf<{ selector: { matchLabels: object } }>('PodDisruptionBudget').selector.matchLabels).toEqual(
      template.metadata.labels,
    );
    const names = Object.values(SETTINGS).map(({ name }) => name);
    expect(container.env.filter(({ name }) => !names.includes(name))).toEqual([]);
  });

  it('probes what a server answers with 200, on its port', async () => {
    const server = await start();
    for (const { httpGet } of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      expect(container.ports).toEqual([{ name: httpGet.port, containerPort: SETTINGS.port.fallback }]);
      expect((await httpRequest(server.url + httpGet.path)).status).toBe(200);
    }
  });

  it("opens no port for flagd's gRPC sync, and with the lines that do, one that leads where the node listens", () => {
    const portsOf = (of: Manifest[]) => {
      const { ports } = specOf<{ ports: { name: string; port: number; targetPort: string }[] }>('Service', of);
      const [{ ports: open, env }] = podOf(of).containers;
      const target = ports.find(({ name }) => name === 'grpc')?.targetPort;
      return [
        open.find(({ name }) => name === target)?.containerPort,
        env.find(({ name }) => name === SETTINGS.grpcPort.name)?.value,
      ];
    };
    expect(portsOf(manifests)).toEqual([undefined, undefined]);
    expect(portsOf(opened)).toEqual([8015, '8015']);
  });

  it('waits for a node as long as it may take to end: preStop, drain and five seconds', () => {
    const { drainSeconds, drainDelaySeconds } = drains();
    const longest = container.lifecycle.preStop.sleep.seconds + drainDelaySeconds + drainSeconds + 5;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(longest);
  });
});

function drains() {
  const all = Object.values(SETTINGS) as { name: string; fallback: unknown }[];
  const of = (name: string) => Number(all.find((setting) => setting.name === name)?.fallback) / 1000;
  return { drainSeconds: of('FLAGWIRE_DRAIN_S'), drainDelaySeconds: of('FLAGWIRE_DRAIN_DELAY_S') };
}
