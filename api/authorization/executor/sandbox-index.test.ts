import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Sandbox } from '../../types/generated/sandbox.ts';
import { isSame, neededObjects, RESOURCES } from './needed-objects.ts';
import { SandboxIndex } from './sandbox-index.ts';

const small = (names: readonly string[]) => fc.constantFrom(...names);
const sandboxes = fc.record({
  name: small(['s1', 's2', 's3']),
  isThere: fc.boolean(),
  executorName: small(['', 'e1', 'e2']),
  model: small(['m1', 'm2']),
  task: small(['t1', 't2']),
  phase: small(['Running', 'Succeeded']),
});

it('knows after any changes what a look through all Sandboxes finds', () => {
  const changes = fc.array(sandboxes, { maxLength: 20 });
  fc.assert(
    fc.property(changes, (list) => {
      const index = new SandboxIndex();
      const all = new Map<string, Sandbox>();
      for (const { name, isThere, executorName, model, task, phase } of list) {
        const place = { namespace: 'a', name };
        const spec = { executorName, model: { ref: { name: model } }, taskRef: { name: task } };
        const sandbox = { metadata: place, spec, status: { phase } } as unknown as Sandbox;
        if (isThere) all.set(name, sandbox);
        else all.delete(name);
        if (isThere) index.set(place, sandbox);
        else index.remove(place);
      }
      for (const executor of ['e1', 'e2']) {
        for (const wanted of [...models, ...tasks]) {
          const expected = [...all.values()].filter(
            (one) =>
              one.spec.executorName === executor && neededObjects(one).some((key) => isSame(key, wanted)),
          );
          const found = index.thatNeed(executor, wanted).map(({ name }) => name);
          expect(found.toSorted()).toEqual(expected.map(({ metadata }) => metadata.name).toSorted());
        }
        const held = models.filter((model) => index.thatNeed(executor, model).length > 0);
        expect(new Set(index.holdersIn(executor, 'a'))).toEqual(new Set(held));
      }
    }),
  );
});

const named = (resource: string, names: readonly string[]) =>
  names.map((name) => ({ resource, namespace: 'a', name }));
const models = named(RESOURCES.models, ['m1', 'm2']);
const tasks = named(RESOURCES.tasks, ['t1', 't2']);
