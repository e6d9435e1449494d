import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { projectRoot } from '../support/project-root.js';
import { useServers } from '../support/use-servers.js';

const start = useServers();
const read = (path: string): string => readFileSync(join(projectRoot(), path), 'utf8');
const operations = read('docs/operations.md');

/** Prometheus itself makes it, for each target. */
const NOT_OURS = ['up'];

interface Rule {
  alert: string;
  expr: string;
  for: string;
  labels: { severity: string };
  annotations: { summary: string };
}

interface Panel {
  title: string;
  type: string;
  id: number;
  targets?: { expr: string }[];
}

function alertRules(): Rule[] {
  const [, yaml = ''] = /```yaml\n(groups:[\s\S]*?)```/.exec(operations) ?? [];
  const { groups } = parse(yaml) as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

function panels(): Panel[] {
  return (JSON.parse(read('deploy/grafana.json')) as { panels: Panel[] }).panels;
}

/** The metrics that an expression reads. @throws Error where it is no PromQL. */
function metricsIn(expression: string): string[] {
  // Grafana puts a duration there.
  const promql = expression.replaceAll('$__rate_interval', '5m');
  const names: string[] = [];
  parser.parse(promql).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${promql}`);
      if (node.name === 'VectorSelector') names.push(/^[\w:]+/.exec(promql.slice(node.from, node.to))?.[0] ?? '');
    },
  });
  return names;
}

/** A histogram is read by the names of its series. */
const familyOf = (name: string): string => name.replace(/_(bucket|sum|count)$/, '');

describe('the metrics of a server', () => {
  /** Of each metric, its type. */
  const printed = new Map<string, string>();

  beforeAll(async () => {
    const server = await start();
    const { body } = await server.admin.call<string>('GET', '/metrics');
    for (const [, name = '', type = ''] of body.matchAll(/^# TYPE (\S+) (\S+)$/gm)) printed.set(name, type);
  });

  it('are those of the table in docs/operations.md, each of its type', () => {
    const table = [...operations.matchAll(/^\| `(flagwire_\w+)` +\| (\w+) +\|/gm)].map(([, name, type]) => [name, type]);
    const ours = [...printed].filter(([name]) => name.startsWith('flagwire_'));
    expect(ours.length).toBeGreaterThan(10);
    expect(table.sort()).toEqual(ours.sort());
  });

  it('are all that the alert rules read, and the rules are PromQL', () => {
    const rules = alertRules();
    expect(rules.length).toBeGreaterThan(15);
    const unknown = rules.map(({ alert, expr }) => {
      const names = metricsIn(expr).map(familyOf);
      expect(names.length).toBeGreaterThan(0);
      return [alert, names.filter((name) => !printed.has(name) && !NOT_OURS.includes(name))] as const;
    });
    expect(unknown.filter(([, names]) => names.length > 0)).toEqual([]);
  });

  it('are all that the dashboard reads, and every one of ours is on it', () => {
    const read = panels().flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => metricsIn(expr).map(familyOf)));
    expect(read.filter((name) => !printed.has(name))).toEqual([]);
    const ours = [...printed.keys()].filter((name) => name.startsWith('flagwire_'));
    expect(ours.filter((name) => !read.includes(name))).toEqual([]);
  });
});

describe('the alert rules', () => {
  it('have names of their own, a severity, and say what to do', () => {
    const rules = alertRules();
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(rule).toMatchObject({
        for: expect.stringMatching(/^\d+m$/),
        labels: { severity: expect.stringMatching(/^(page|ticket)$/) },
      });
      expect(rule.annotations.summary).toMatch(/^[A-Z].{30,}\.$/s);
    }
  });
});

describe('the dashboard', () => {
  it('has panels with numbers of their own, each with something to show', () => {
    const all = panels();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(all.filter(({ type, targets = [] }) => type !== 'row' && targets.length === 0)).toEqual([]);
  });
});
