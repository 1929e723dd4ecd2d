import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..');
const FOLDERS = [
  'api',
  'cli',
  'controllers',
  'dev',
  'executor-image',
  'executor-manager',
  'model-server',
  'test',
];

interface Violation {
  from: string;
  to: string;
  rule: { name: string };
}

interface Cruise {
  summary: { violations: Violation[]; totalCruised: number };
  modules: { source: string }[];
}

/** Runs dependency-cruiser with our rules on the tree in `cwd`. */
async function cruise(cwd: string): Promise<Cruise> {
  const command = path.join(ROOT, 'node_modules/.bin/depcruise');
  const folders = FOLDERS.filter((folder) => existsSync(path.join(cwd, folder)));
  const config = path.join(ROOT, '.dependency-cruiser.cjs');
  const { stdout } = await run(command, ['--config', config, '-T', 'json', ...folders], {
    cwd,
    maxBuffer: 256 * 1024 * 1024,
  });
  return JSON.parse(stdout) as Cruise;
}

const line = (violation: Violation): string => `${violation.rule.name}: ${violation.from} -> ${violation.to}`;

describe('architecture', () => {
  test('the tree keeps the import rules', { timeout: 120_000 }, async () => {
    const result = await cruise(ROOT);
    expect(result.summary.violations.map(line)).toEqual([]);
    // With a parser that cannot read the sources dependency-cruiser sees no module and is content.
    const ours = result.modules.filter(({ source }) =>
      FOLDERS.some((folder) => source.startsWith(`${folder}/`)),
    );
    expect(ours.length).toBeGreaterThan(60);
  });
});

describe('the rules bite', () => {
  const folders: string[] = [];
  afterAll(async () => {
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });

  /** A made-up tree: `from` imports `specifier`; every file in `others` exists and is empty. */
  async function tree(from: string, specifier: string, others: string[]): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'troupe-architecture-'));
    folders.push(folder);
    await writeFile(path.join(folder, 'package.json'), await readFile(path.join(ROOT, 'package.json')));
    const files: Record<string, string> = Object.fromEntries(
      others.map((other) => [other, 'export type A = string;\n']),
    );
    files[from] = `import type { A } from '${specifier}';\nexport type B = A;\n`;
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.join(folder, path.dirname(name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    return folder;
  }

  const cases = [
    {
      reason: 'the registry knows the storage contract, no driver',
      from: 'api/registry/a.ts',
      specifier: '../storage/sqlite/b.ts',
      others: ['api/storage/sqlite/b.ts'],
      rule: 'layer-api-registry',
    },
    {
      reason: 'an alias is seen through',
      from: 'controllers/task/a.ts',
      specifier: '#api/storage/b',
      others: ['api/storage/b.ts'],
      rule: 'layer-controllers-kind',
    },
    {
      reason: 'a kind does not import another kind',
      from: 'controllers/bot/a.ts',
      specifier: '../ghost/b.ts',
      others: ['controllers/ghost/b.ts'],
      rule: 'layer-controllers-kind',
    },
    {
      reason: 'the wire types import nothing',
      from: 'executor-manager/protocol/a.ts',
      specifier: '#api/machinery/b',
      others: ['api/machinery/b.ts'],
      rule: 'protocol-imports-nothing',
    },
    {
      reason: 'a package stays in its folder',
      from: 'controllers/runtime/a.ts',
      specifier: 'dockerode',
      others: ['node_modules/dockerode/index.js'],
      rule: 'npm-dockerode',
    },
    {
      reason: 'an unlisted package is refused',
      from: 'api/server/a.ts',
      specifier: 'prettier',
      others: ['node_modules/prettier/index.js'],
      rule: 'npm-unlisted',
    },
    {
      reason: 'tools are for tools',
      from: 'cli/a.ts',
      specifier: '#dev/b',
      others: ['dev/b.ts'],
      rule: 'dev-is-for-tools',
    },
    {
      reason: 'tests are imported by nobody',
      from: 'dev/a.ts',
      specifier: '#test/kit/b',
      others: ['test/kit/b.ts'],
      rule: 'nobody-imports-tests',
    },
    {
      reason: 'an import that leads nowhere',
      from: 'cli/a.ts',
      specifier: './gone.ts',
      others: [],
      rule: 'resolves',
    },
  ];

  test.each(cases)(
    '$rule: $reason',
    { timeout: 60_000 },
    async ({ from, specifier, others, rule, reason }) => {
      const result = await cruise(await tree(from, specifier, others));
      expect(
        result.summary.violations.map((violation) => violation.rule.name),
        reason,
      ).toContain(rule);
    },
  );

  test('resolves: an import inside `await using` is seen', { timeout: 60_000 }, async () => {
    const folder = await tree('cli/a.ts', './b.ts', ['cli/b.ts']);
    const text = `export async function f() {\n  await using x = await import('./gone.ts');\n  return x;\n}\n`;
    await writeFile(path.join(folder, 'cli/c.ts'), text);
    const result = await cruise(folder);
    expect(result.summary.violations.map((violation) => violation.rule.name)).toContain('resolves');
  });

  test('no-cycle: two files import each other', { timeout: 60_000 }, async () => {
    const folder = await tree('cli/a.ts', './b.ts', []);
    await writeFile(path.join(folder, 'cli/b.ts'), `import type { B } from './a.ts';\nexport type A = B;\n`);
    const result = await cruise(folder);
    expect(result.summary.violations.map((violation) => violation.rule.name)).toContain('no-cycle');
  });

  test('a tree that keeps the rules has no violation', { timeout: 60_000 }, async () => {
    const result = await cruise(
      await tree('controllers/bot/a.ts', '#api/machinery/b', ['api/machinery/b.ts']),
    );
    expect(result.summary.violations).toEqual([]);
  });
});
