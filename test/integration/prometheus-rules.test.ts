import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redis } from '#dev/environment/redis';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { freshDatabase } from '../conformance/storage/databases.ts';
import { commandsFor } from '../kit/command.ts';
import { ROOT } from '../kit/paths.ts';
import { startServer } from '../kit/troupe-process.ts';

/** Every expression of the rules and the dashboards is PromQL, of metrics that a running system shows. */
const CHART = path.join(ROOT, 'charts/troupe');

interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  annotations?: { summary?: string; runbook?: string };
}

interface Dashboard {
  uid: string;
  panels: { title: string; targets?: { expr: string; refId: string }[] }[];
}

interface Expression {
  file: string;
  name: string;
  text: string;
}

async function read<T>(folder: string, parseText: (text: string) => T): Promise<[string, T][]> {
  const files = await readdir(path.join(CHART, folder));
  return Promise.all(
    files.map(async (file) => [file, parseText(await readFile(path.join(CHART, folder, file), 'utf8'))]),
  );
}

const ruleFiles = await read('rules', (text) => parse(text) as { groups: { name: string; rules: Rule[] }[] });
const dashboards = await read('dashboards', (text) => JSON.parse(text) as Dashboard);
const rules = ruleFiles.flatMap(([file, { groups }]) =>
  groups.flatMap((group) => group.rules.map((rule) => ({ file, rule }))),
);
const recorded = new Set(rules.flatMap(({ rule }) => rule.record ?? []));

const expressions: Expression[] = [
  ...rules.map(({ file, rule }) => ({ file, name: rule.alert ?? rule.record ?? '', text: rule.expr })),
  ...dashboards.flatMap(([file, { panels }]) =>
    panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, refId }) => ({ file, name: `${title} ${refId}`, text: expr })),
    ),
  ),
];

/** The names of metrics in an expression; `undefined` for a text that is no PromQL. */
function metricsOf(text: string): string[] | undefined {
  // A variable of Grafana stands for a duration.
  const plain = text.replaceAll('$__rate_interval', '5m');
  const names: string[] = [];
  let isSound = true;
  parser.parse(plain).iterate({
    enter(node) {
      if (node.type.isError) isSound = false;
      if (node.name === 'VectorSelector') {
        const name = node.node.getChild('Identifier');
        names.push(name === null ? '' : plain.slice(name.from, name.to));
      }
    },
  });
  return isSound ? names : undefined;
}

const stack = new AsyncDisposableStack();
let shown: Set<string>;

beforeAll(async () => {
  const dataDir = path.join(stack.use(await temporaryFolder('rules')).path, 'data');
  const database = stack.use(await freshDatabase('mariadb'));
  const { url } = stack.use(await redis());
  const env = { TROUPE_DATABASE_URL: database.url, TROUPE_REDIS_URL: url };
  const server = stack.use(await startServer({ dataDir, driver: 'docker', env }));
  const commands = commandsFor(server.kubeconfig);
  const text = await commands.mustKubectl(['get', '--raw', '/metrics']);
  shown = new Set(text.split('\n').flatMap((line) => /^([a-zA-Z_:][\w:]*)[ {]/.exec(line)?.[1] ?? []));
});
afterAll(() => stack.disposeAsync());

describe('an expression', () => {
  it('is found broken where it is', () => {
    expect(metricsOf('sum by (rate(x[5m])')).toBeUndefined();
    expect(metricsOf('rate(a_total[$__rate_interval]) / on () b{c="d"}')).toEqual(['a_total', 'b']);
  });

  it.each(expressions)('$file, $name', ({ text }) => {
    const names = metricsOf(text);
    expect(names, 'is PromQL').toBeDefined();
    expect(names, 'asks for something').not.toEqual([]);
    const missing = names?.filter((name) => name !== 'up' && !recorded.has(name) && !shown.has(name));
    expect(missing, 'asks for metrics that there are').toEqual([]);
  });
});

describe('an alert', () => {
  const alerts = rules.flatMap(({ rule }) => (rule.alert === undefined ? [] : [rule]));

  it('has a runbook', async () => {
    const operations = await readFile(path.join(ROOT, 'docs/operations.md'), 'utf8');
    for (const { alert = '', annotations } of alerts) {
      expect(annotations?.runbook, alert).toBe(`docs/operations.md#${alert.toLowerCase()}`);
      expect(operations, alert).toContain(`\n### ${alert}\n`);
      expect(annotations?.summary?.endsWith('.'), alert).toBe(true);
    }
  });

  it('has a name of its own', () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });
});

describe('a dashboard', () => {
  it.each(dashboards)('%s has panels with names of their own', (_, { panels }) => {
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });
});
