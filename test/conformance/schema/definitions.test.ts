import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Unstructured } from '#api/machinery/meta';
import { defaultCustomResourceDefinition, withStorageVersion } from '#api/schema/crd/default-definition';
import { validateCustomResourceDefinition } from '#api/schema/crd/validate-definition';
import { goProgram } from '../../kit/go-program.ts';
import { definition, storedDefinition } from './definition-family.ts';
import { JUDGED_SEED, startJudge } from '../../kit/judge.ts';
import { comparable, sent } from './judge.ts';
import type { Verdict } from './judge.ts';

const program = goProgram('schema-judge');

/** The findings that are ours to make: metadata is judged elsewhere. */
function compared({ causes }: Verdict): string[] {
  const ours = causes
    .filter(({ field, message }) => {
      const isMeta =
        field === 'metadata.resourceVersion' || (field === 'metadata.name' && message.includes('immutable'));
      // Said once, of the keyword; upstream says it again where selectableFields need the schema.
      return !isMeta && !/OpenAPIV3Schema '|internal error: /.test(message);
    })
    // Upstream writes the path of a field at the root of a default with a dot in front.
    .map(({ type, field, message }) => ({ type, field, message: message.replace(/: \.(?=[\w-])/, ': ') }));
  return comparable(ours);
}

const defaulted = (crd: object): Unstructured =>
  withStorageVersion(defaultCustomResourceDefinition(sent(crd as Unstructured)));

describe.skipIf(program.missing)('definitions, as apiextensions-apiserver admits them', () => {
  it('finds the same faults', async () => {
    await using judge = startJudge<object, Verdict>(program.path);
    const previous = fc.option(storedDefinition, { nil: undefined, freq: 2 });
    const property = fc.asyncProperty(definition, previous, async (crd, before) => {
      const want = await judge.ask({ definition: crd, previousDefinition: before });
      // Some of what is wrong makes upstream panic.
      if (want.refused?.startsWith('panic') === true) return;
      const causes = validateCustomResourceDefinition(defaulted(crd), before && defaulted(before));
      expect(comparable(causes)).toEqual(compared(want));
    });
    await fc.assert(property, { seed: JUDGED_SEED, numRuns: 1000 });
  });
});
