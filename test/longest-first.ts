import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';

/**
 * Files that take longest, by their ends, longest first: one that began last would have the others wait for it. Those
 * whose Go programs may still be built come last. Vitest's own order, by size or by its last run, holds for the rest.
 */
const LONGEST: readonly string[] = [
  'fuzzing/fuzzing.test.ts',
  'conformance/kubectl/kubectl.test.ts',
  'bad-input/trouble.test.ts',
  'e2e/example-sessions.test.ts',
  'storage/order.test.ts',
  'api/database-trouble.test.ts',
  'e2e/team-kills.test.ts',
  'executor-image/claude-code.test.ts',
  'storage/properties.test.ts',
  'replicas/load-balancer.test.ts',
  'executor-manager/process.test.ts',
  'executor-image/disk.test.ts',
  'api/sockets.test.ts',
];
/** Restarts take long as well, but so may the build before them. */
const NEED_GO: readonly string[] = [
  'go-clients/restarts.test.ts',
  'go-clients/leaders.test.ts',
  'go-clients/clients.test.ts',
  'openapi/go-clients.test.ts',
  'cel/cel.test.ts',
  'managed-fields/managed-fields.test.ts',
  'patch/patches.test.ts',
  'protobuf/protobuf.test.ts',
  'schema/definitions.test.ts',
  'schema/objects.test.ts',
  'helm/helm.test.ts',
];

/** Sorts the files of a run, so that no worker is left with a long one when the others have nothing to do. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a.moduleId) - rank(b.moduleId));
  }
}

function rank(file: string): number {
  const place = LONGEST.findIndex((end) => file.endsWith(end));
  if (place >= 0) return place;
  const late = NEED_GO.findIndex((end) => file.endsWith(end));
  return late >= 0 ? LONGEST.length + 1 + late : LONGEST.length;
}
