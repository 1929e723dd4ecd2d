import { readFile, writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';

/** Writes the table of values into the README of the chart: descriptions of values.schema.json, defaults of values.yaml. */

const CHART = 'charts/troupe';
const README = `${CHART}/README.md`;
const [BEGIN, END] = ['<!-- values: node dev/generate.ts -->', '<!-- end of values -->'];

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  enum?: readonly string[];
}

type Row = readonly [name: string, standard: string, description: string];

function rowsOf(schema: Schema, values: unknown, path: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]) => {
    const value = (values as Record<string, unknown> | undefined)?.[key];
    if (value === undefined) return [];
    const at = path === '' ? key : `${path}.${key}`;
    const isGroup = property.properties !== undefined && key !== 'resources' && key !== 'podTemplate';
    if (isGroup) return rowsOf(property, value, at);
    const { description = '', enum: choices } = property;
    return [[at, JSON.stringify(value), description + (choices ? ` One of ${choices.join(', ')}.` : '')]];
  });
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

async function main(): Promise<void> {
  const schema = JSON.parse(await readFile(`${CHART}/values.schema.json`, 'utf8')) as Schema;
  const rows = rowsOf(schema, parse(await readFile(`${CHART}/values.yaml`, 'utf8')), '');
  const lines = rows.map(
    ([name, standard, description]) => `| \`${name}\` | \`${cell(standard)}\` | ${cell(description)} |`,
  );
  const table = ['| value | default | what it says |', '| --- | --- | --- |', ...lines].join('\n');
  const readme = await readFile(README, 'utf8');
  const [before, after] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`${README} has no place for the table`);
  const text = `${readme.slice(0, before)}${BEGIN}\n\n${table}\n\n${readme.slice(after)}`;
  const options = await resolveConfig(README);
  await writeFile(README, await format(text, { ...options, filepath: README }));
}

await main();
