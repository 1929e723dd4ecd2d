import { execFileSync } from 'node:child_process';
import { checkRules } from '#api/cel/rules/compile-rules';
import { Correlation } from '#api/cel/rules/correlation';
import { FieldLocation } from '#api/cel/rules/field-location';
import { buildRuleTree } from '#api/cel/rules/rule-tree';
import { NOTHING, RuleRun } from '#api/cel/rules/run-rules';
import type { StatusCause } from '#api/machinery/status-error';
import type { StructuralSchema } from '#api/structural-schema/structural-schema';
import { beforeAll, describe, expect, test } from 'vitest';
import { goProgram } from '../../kit/go-program.ts';
import { ADMISSIONS } from './admissions.ts';
import { EXPRESSIONS } from './expressions.ts';
import { LIBRARY_EXPRESSIONS } from './library-expressions.ts';
import { OBJECT, PROPERTIES } from './thing.ts';
import { UPDATES } from './updates.ts';

/** Rules judged by us and by apiextensions-apiserver itself: verdicts, texts and costs must be the same. */

const judge = goProgram('cel-judge');
const ROOT = 'spec.validation.openAPIV3Schema';

interface Question {
  id: string;
  mode: 'check' | 'validate';
  schema: StructuralSchema;
  object?: unknown;
  old?: unknown;
}

interface Answer {
  causes: StatusCause[];
  cost?: number;
  error?: string;
}

const question = (id: string, rule: string): Question => ({
  id,
  mode: 'validate',
  object: OBJECT,
  schema: {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: PROPERTIES, 'x-kubernetes-validations': [{ rule }] },
    },
  },
});

const EXPRESSION_QUESTIONS = [...EXPRESSIONS, ...LIBRARY_EXPRESSIONS]
  .flatMap((rule) => [rule, `!(${rule})`])
  .map((rule) => question(rule, rule));
const UPDATE_QUESTIONS = Object.entries(UPDATES).map(([id, { schema, object, old }]): Question => ({
  id,
  mode: 'validate',
  schema,
  object,
  old,
}));
const ADMISSION_QUESTIONS = Object.entries(ADMISSIONS).map(([id, schema]): Question => ({
  id,
  mode: 'check',
  schema,
}));

/**
 * The parser of the library finds the same places, but does not have ANTLR's words for what it expected there; and
 * where ANTLR recovers and goes on, it stops.
 */
function withoutSyntax(message: string): string {
  return message.includes('Syntax error:') ? message.slice(0, message.indexOf('Syntax error:')) : message;
}

const text = ({ field, message }: StatusCause): string =>
  `${field}: ${withoutSyntax(message.replaceAll(/selfType\d+/g, 'selfType'))}`;

/** The judge walks Go's maps, whose order changes from run to run. */
const texts = ({ causes }: Answer): string[] => causes.map(text).sort();

const keyOf = (asked: Question | undefined): string =>
  `${asked?.mode} ${asked?.old === undefined} ${asked?.id}`;

function ours({ mode, schema, object, old }: Question): Answer {
  if (mode === 'check') return { causes: checkRules(schema, ROOT) };
  const node = buildRuleTree(schema, true);
  if (node === undefined) throw new Error('no rules');
  const run = new RuleRun(10_000_000);
  const ratchet =
    old === undefined ? NOTHING : { current: new Correlation(object, old, schema), parent: undefined };
  run.visit({ node, value: object, old, at: FieldLocation.root, ratchet });
  return { causes: run.causes, cost: 10_000_000 - run.remaining };
}

/** Upstream goes on through a map() whose transformation has failed; we have its error already. */
const OTHER_COSTS = new Set(['self.ints.map(x, 10 / (x - 1)).size() == 4']);

describe.skipIf(judge.missing)('CEL rules as kube-apiserver judges them', () => {
  const answers = new Map<string, Answer>();

  beforeAll(() => {
    const questions = [...EXPRESSION_QUESTIONS, ...UPDATE_QUESTIONS, ...ADMISSION_QUESTIONS];
    const input = questions.map((one) => JSON.stringify(one)).join('\n');
    const stdout = execFileSync(judge.path, { input, maxBuffer: 2 ** 28, encoding: 'utf8' });
    for (const [index, line] of stdout.trim().split('\n').entries())
      answers.set(keyOf(questions[index]), JSON.parse(line) as Answer);
  }, 120_000);

  test.each(EXPRESSION_QUESTIONS)('$id', (asked) => {
    const theirs = answers.get(keyOf(asked));
    const found = ours(asked);
    expect(theirs).toBeDefined();
    expect(texts(found)).toStrictEqual(texts(theirs ?? { causes: [] }));
    if (![...OTHER_COSTS].some((one) => asked.id.includes(one))) expect(found.cost).toBe(theirs?.cost);
  });

  test.each(UPDATE_QUESTIONS)('update: $id', (asked) => {
    expect(texts(ours(asked))).toStrictEqual(texts(answers.get(keyOf(asked)) ?? { causes: [] }));
  });

  test.each(ADMISSION_QUESTIONS)('admission: $id', (asked) => {
    expect(texts(ours(asked))).toStrictEqual(texts(answers.get(keyOf(asked)) ?? { causes: [] }));
  });
});
