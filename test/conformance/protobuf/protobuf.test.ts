import { describe, expect, it } from 'vitest';
import { parseJsonText } from '#api/machinery/json/json';
import { decodeProtobuf } from '#api/server/protobuf/body';
import { run } from '../../kit/command.ts';
import { goProgram } from '../../kit/go-program.ts';

const SEED = 20_261_121;
const COUNT = 150;
/** Of the judge. */
const KINDS = 22;

interface Sample {
  kind: string;
  /** base64 */
  protobuf: string;
  object: Record<string, unknown>;
}

const program = goProgram('protobuf-judge');

/** What Go's clients send as protobuf is the object that they would send as JSON. */
describe.skipIf(program.missing)('protobuf of typed clients', () => {
  it('is read as the JSON of the same object', async () => {
    const { stdout } = await run(program.path, ['-seed', String(SEED), '-count', String(COUNT)]);
    const samples = stdout
      .trim()
      .split('\n')
      .map((line) => parseJsonText(line) as Sample);
    expect(samples).toHaveLength(COUNT * KINDS);
    for (const { kind, protobuf, object } of samples) {
      expect(stated(decodeProtobuf(Buffer.from(protobuf, 'base64'))), kind).toEqual(stated(object));
    }
  });
});

/** Without what says nothing: Go's JSON leaves empty texts, lists and objects out, or writes them, field by field. */
function stated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => stated(item) ?? null);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, child]): [string, unknown] => [key, stated(child)])
    .filter(([, child]) => !isNothing(child));
  return Object.fromEntries(entries);
}

const isNothing = (value: unknown): boolean =>
  value === null || (typeof value === 'object' && Object.keys(value).length === 0);
