import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from './run-command.ts';
import type { CommandResult } from './run-command.ts';

/** Runs every generator. `--check` puts everything back and fails when a committed file was not current. */

export interface Generator {
  name: string;
  /** Runs only when this file is there. */
  source: string;
  command: readonly string[];
  /** A file, or a folder of which every file is the generator's. */
  output: string;
}

const generators: readonly Generator[] = [
  {
    name: 'types from crds/',
    source: 'api/types/generate.ts',
    command: ['node', 'api/types/generate.ts'],
    output: 'api/types/generated',
  },
  {
    name: 'protobuf messages from api/server/protobuf/protos/',
    source: 'api/server/protobuf/generate.ts',
    command: ['node', 'api/server/protobuf/generate.ts'],
    output: 'api/server/protobuf/generated',
  },
  {
    name: 'docs/imports.md from the import rules',
    source: 'dev/import-table.ts',
    command: ['node', 'dev/import-table.ts'],
    output: 'docs/imports.md',
  },
  {
    name: 'the table of values in the README of the chart',
    source: 'dev/chart-values-table.ts',
    command: ['node', 'dev/chart-values-table.ts'],
    output: 'charts/troupe/README.md',
  },
  {
    name: 'deploy/custom-resources/controllers.yaml from the roles of the controllers',
    source: 'dev/cluster-roles.ts',
    command: ['node', 'dev/cluster-roles.ts'],
    output: 'deploy/custom-resources/controllers.yaml',
  },
  ...['sqlite', 'mysql'].map((driver) => ({
    name: `${driver} migrations`,
    source: `api/storage/${driver}/drizzle.config.ts`,
    command: [
      'drizzle-kit',
      'generate',
      '--config',
      `api/storage/${driver}/drizzle.config.ts`,
      '--name',
      'change',
    ],
    output: `api/storage/${driver}/migrations`,
  })),
];

type Files = Map<string, Buffer>;

/** Regenerates, compares with what was there, and restores it. */
export async function checkGenerated(all: readonly Generator[] = generators): Promise<CommandResult> {
  const problems: string[] = [];
  for (const generator of all.filter(({ source }) => existsSync(source))) {
    const before = await filesBelow(generator.output);
    const { ok, output } = await runCommand(generator.command);
    const after = await filesBelow(generator.output);
    const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
      (file) => digest(before.get(file)) !== digest(after.get(file)),
    );
    await restore(changed, before);
    if (!ok) problems.push(`${generator.name}: ${output}`);
    if (changed.length > 0)
      problems.push(`${generator.name}: run \`make generate\`, then commit ${changed.join(', ')}`);
  }
  return { ok: problems.length === 0, output: problems.join('\n') };
}

async function filesBelow(folder: string): Promise<Files> {
  if (!existsSync(folder)) return new Map();
  if ((await stat(folder)).isFile()) return new Map([[folder, await readFile(folder)]]);
  const names = await readdir(folder, { recursive: true });
  const files: Files = new Map();
  for (const name of names.toSorted()) {
    const file = path.join(folder, name);
    if ((await stat(file)).isFile()) files.set(file, await readFile(file));
  }
  return files;
}

const digest = (content: Buffer | undefined): string =>
  content === undefined ? 'absent' : createHash('sha256').update(content).digest('hex');

async function restore(changed: readonly string[], before: Files): Promise<void> {
  for (const file of changed) {
    const content = before.get(file);
    if (content === undefined) {
      await rm(file);
    } else {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }
}

async function generate(): Promise<void> {
  for (const generator of generators) {
    if (!existsSync(generator.source)) {
      console.log(`${generator.name}: no ${generator.source}`);
      continue;
    }
    const { ok, output } = await runCommand(generator.command);
    console.log(ok ? `${generator.name}: done` : `${generator.name}: failed\n${output}`);
    if (!ok) process.exitCode = 1;
  }
}

async function check(): Promise<void> {
  const { ok, output } = await checkGenerated();
  console.log(ok ? 'generated files are current' : output);
  if (!ok) process.exitCode = 1;
}

if (import.meta.main) await (process.argv.includes('--check') ? check() : generate());
