import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SOURCE_FOLDERS } from '#dev/source-folders';

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, '..');

interface Violation {
  from: string;
  to: string;
  rule: { name: string };
}

interface Module {
  source: string;
  dependencies: { resolved: string }[];
}

interface Cruise {
  summary: { violations: Violation[] };
  modules: Module[];
}

/** Runs dependency-cruiser with our rules on the tree in `cwd`. */
async function cruise(cwd: string): Promise<Cruise> {
  const command = path.join(ROOT, 'node_modules/.bin/depcruise');
  const folders = SOURCE_FOLDERS.filter((folder) => existsSync(path.join(cwd, folder)));
  const config = path.join(ROOT, '.dependency-cruiser.cjs');
  const { stdout } = await run(command, ['--config', config, '-T', 'json', ...folders], {
    cwd,
    maxBuffer: 256 * 1024 * 1024,
  });
  return JSON.parse(stdout) as Cruise;
}

const line = (violation: Violation): string => `${violation.rule.name}: ${violation.from} -> ${violation.to}`;

/** A rule as .dependency-cruiser.cjs writes it. What `to.pathNot` matches may be imported. */
interface Rule {
  name: string;
  from: { path?: string; pathNot?: string | string[] };
  to: { path?: string; pathNot?: string | string[] };
}

const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as { forbidden: Rule[] };
const listed = (paths: string | string[] = []): string[] => [paths].flat();

/** Sources that git knows or would take, as they are on the disk. */
async function sources(): Promise<string[]> {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...SOURCE_FOLDERS];
  const { stdout } = await run('git', args, { cwd: ROOT });
  return stdout.split('\n').filter((file) => file.endsWith('.ts') && existsSync(path.join(ROOT, file)));
}

/** Layers that a layer may import and does not. */
function staleLayers({ modules }: Cruise): string[] {
  return forbidden
    .filter(({ name }) => name.startsWith('layer-'))
    .flatMap(({ name, from, to }) => {
      const importers = modules.filter(
        ({ source }) =>
          new RegExp(from.path ?? '').test(source) &&
          !listed(from.pathNot).some((not) => new RegExp(not).test(source)),
      );
      return listed(to.pathNot)
        .filter((allowed) => allowed !== from.path)
        .filter((allowed) => !importers.some((module) => imports(module, { from: from.path ?? '', allowed })))
        .map((allowed) => `${name}: ${allowed}`);
    });
}

/** Whether the module imports what `allowed` matches, with the first group of `from` in place of $1. */
function imports(
  { source, dependencies }: Module,
  { from, allowed }: { from: string; allowed: string },
): boolean {
  const group = new RegExp(from).exec(source)?.[1] ?? '';
  const pattern = new RegExp(allowed.replaceAll('$1', group));
  return dependencies.some(({ resolved }) => pattern.test(resolved));
}

/** Folders that may import a package and do not. */
function stalePackages({ modules }: Cruise): string[] {
  const tools = listed(forbidden.find(({ name }) => name === 'npm-unlisted')?.from.pathNot);
  return forbidden
    .filter(({ name }) => name.startsWith('npm-') && name !== 'npm-unlisted')
    .flatMap(({ name, from, to }) => {
      const users = modules.filter(({ dependencies }) =>
        dependencies.some(({ resolved }) => new RegExp(to.path ?? '').test(resolved)),
      );
      return listed(from.pathNot)
        .filter((folder) => !tools.includes(folder))
        .filter((folder) => !users.some(({ source }) => new RegExp(folder).test(source)))
        .map((folder) => `${name}: ${folder}`);
    });
}

describe('architecture', () => {
  let result: Cruise;
  beforeAll(async () => {
    result = await cruise(ROOT);
  }, 120_000);

  test('the tree keeps the import rules', () => {
    expect(result.summary.violations.map(line)).toEqual([]);
  });

  test('every source was read', async () => {
    // A parser that cannot read a file sees no import of it and is content.
    const seen = new Set(result.modules.map(({ source }) => source));
    expect((await sources()).filter((source) => !seen.has(source))).toEqual([]);
  });

  test('nothing may be imported that nobody imports', () => {
    expect([...staleLayers(result), ...stalePackages(result)]).toEqual([]);
  });
});

describe('every folder with code', () => {
  // These are plain JSON and cannot take the list from where it stands.
  test.each(['tsconfig.json', 'knip.json'])('is in %s', async (file) => {
    const text = await readFile(path.join(ROOT, file), 'utf8');
    const missing = SOURCE_FOLDERS.filter((folder) => !new RegExp(`["{,]${folder}["},]`).test(text));
    expect(missing).toEqual([]);
  });

  test('exists', () => {
    expect(SOURCE_FOLDERS.filter((folder) => !existsSync(path.join(ROOT, folder)))).toEqual([]);
  });
});

describe('the rules bite', () => {
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
      reason: 'the protocols of models import nothing of ours',
      from: 'model-protocols/a.ts',
      specifier: '#api/machinery/b',
      others: ['api/machinery/b.ts'],
      rule: 'layer-model-protocols',
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
      from: 'cli/c.ts',
      specifier: './gone.ts',
      others: [],
      rule: 'resolves',
    },
  ];

  /** Files that no case above is about. */
  const files: Record<string, string> = {
    'cli/using.ts': `export async function f() {\n  await using x = await import('./gone.ts');\n  return x;\n}\n`,
    'cli/one.ts': `import type { B } from './other.ts';\nexport type A = B;\n`,
    'cli/other.ts': `import type { A } from './one.ts';\nexport type B = A;\n`,
    'controllers/bot/good.ts': `import type { A } from '#api/machinery/b';\nexport type B = A;\n`,
  };
  for (const { from, specifier, others } of cases) {
    for (const other of others) files[other] = 'export type A = string;\n';
    files[from] = `import type { A } from '${specifier}';\nexport type B = A;\n`;
  }
  let folder: string;
  let violations: Violation[];

  /** A made-up tree with all of them. */
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'troupe-architecture-'));
    await writeFile(path.join(folder, 'package.json'), await readFile(path.join(ROOT, 'package.json')));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.join(folder, path.dirname(name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    ({ violations } = (await cruise(folder)).summary);
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const broken = (file: string): string[] =>
    violations.filter(({ from }) => from === file).map(({ rule }) => rule.name);

  test.each(cases)('$rule: $reason', ({ from, rule }) => {
    expect(broken(from)).toContain(rule);
  });

  test('resolves: an import inside `await using` is seen', () => {
    expect(broken('cli/using.ts')).toContain('resolves');
  });

  test('no-cycle: two files import each other', () => {
    expect(broken('cli/one.ts')).toContain('no-cycle');
  });

  test('a file that keeps the rules has no violation', () => {
    expect(broken('controllers/bot/good.ts')).toEqual([]);
  });
});
