import { expect, it } from 'vitest';
import type { SandboxSpec } from '#api/types/generated/sandbox';
import { runtimeLimits } from './runtime-limits.ts';

const MiB = 2 ** 20;
const usual = { memory: 2048 * MiB, cpus: 2, pids: 512, disk: 10_240 * MiB };

it.each<[SandboxSpec['resources'], object, string]>([
  [undefined, {}, 'a Sandbox from before the defaults'],
  [{}, {}, 'no limit given'],
  [
    { memory: '1Gi', cpu: '500m', pids: 9, disk: '20Mi' },
    { memory: 1024 * MiB, cpus: 0.5, pids: 9, disk: 20 * MiB },
    'all given',
  ],
  [{ memory: '1', cpu: '0', disk: '0' }, { memory: 64 * MiB, cpus: 0.01, disk: MiB }, 'too little to run'],
])('%j: %j, %s', (resources, expected, reason) => {
  const spec = resources === undefined ? {} : { resources };
  expect(runtimeLimits(spec as Pick<SandboxSpec, 'resources'>), reason).toEqual({ ...usual, ...expected });
});

it.each(['much', '-1', '2GB'])('names the field whose quantity is wrong: %s', (disk) => {
  expect(() => runtimeLimits({ resources: { disk } })).toThrow(
    `spec.resources.disk must be a quantity such as 512Mi, 2Gi, 500m or 2, not "${disk}"`,
  );
});
