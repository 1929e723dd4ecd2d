import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Unstructured } from '#api/machinery/meta';
import { compileSchema } from '#api/schema/compile-schema';
import type { StructuralSchema } from '#api/structural-schema/structural-schema';
import { goProgram } from '../../kit/go-program.ts';
import { JUDGED_SEED, startJudge } from '../../kit/judge.ts';
import { comparable, sent } from './judge.ts';
import type { Verdict } from './judge.ts';
import { previousOf, valueOf } from './object-family.ts';
import { rootSchema } from './schema-family.ts';

interface Case {
  schema: StructuralSchema;
  object: Unstructured;
  previous: Unstructured | undefined;
}

const objectOf = (spec: unknown, status: unknown): Unstructured => ({
  apiVersion: 'example.com/v1',
  kind: 'Thing',
  metadata: { name: 'thing' },
  spec,
  status,
});

const cases: fc.Arbitrary<Case> = rootSchema.chain((schema) => {
  const { spec = {}, status = {} } = schema.properties ?? {};
  return fc.tuple(valueOf(spec), valueOf(status)).chain(([one, other]) =>
    fc.record({
      schema: fc.constant(schema),
      object: fc.constant(objectOf(one, other)),
      previous: fc.option(
        fc.tuple(previousOf(one), previousOf(other)).map(([before, then]) => objectOf(before, then)),
        { nil: undefined },
      ),
    }),
  );
});

/** More findings than these are cut off here. */
const MAX_CAUSES = 100;

const program = goProgram('schema-judge');

describe.skipIf(program.missing)('custom resources, as apiextensions-apiserver sees them', () => {
  it('prunes, defaults and judges objects and updates alike', async () => {
    await using judge = startJudge<object, Verdict>(program.path);
    const property = fc.asyncProperty(cases, async ({ schema, object, previous }) => {
      const want = await judge.ask({ schema, object, previous });
      expect(want.refused).toBeUndefined();
      const compiled = compileSchema(schema);
      const decoded = (one: Unstructured) => compiled.applyDefaults(compiled.prune(sent(one)).object);
      expect(compiled.prune(sent(object)).unknownFields).toEqual(want.unknown ?? []);
      expect(decoded(object)).toEqual(want.object);
      const causes = compiled.validate(decoded(object), previous && decoded(previous));
      if (want.causes.length < MAX_CAUSES) expect(comparable(causes)).toEqual(comparable(want.causes));
    });
    await fc.assert(property, { seed: JUDGED_SEED, numRuns: 3000 });
  });
});
