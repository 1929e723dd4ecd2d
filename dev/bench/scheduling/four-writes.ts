import type { ApiUnderTest } from '../servers/api-under-test.ts';

const SAMPLES = 50;

/**
 * Milliseconds that as many writes one after the other take as a step needs: the record of the Task, the Sandbox, its
 * condition, its binding.
 */
export async function fourWrites(api: ApiUnderTest): Promise<number[]> {
  const path = '/api/v1/namespaces/default/configmaps';
  const times: number[] = [];
  for (let index = 0; index < SAMPLES; index += 1) {
    const metadata = { name: `floor-${index}` };
    const start = performance.now();
    await api.call('POST', path, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
    for (const step of ['a', 'b', 'c'])
      await api.patch(`${path}/${metadata.name}`, 'application/merge-patch+json', { data: { step } });
    times.push(performance.now() - start);
  }
  return times;
}
