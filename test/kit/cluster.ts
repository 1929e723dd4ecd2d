import { beforeAll } from 'vitest';
import type { Cluster } from '#dev/environment/kubernetes/cluster';
import { clusterOfThisRun, WITHOUT_CLUSTER_VARIABLE } from '#dev/environment/kubernetes/shared-cluster';

/** With an empty cache the programs of the node are built first. */
const START_LIMIT_MS = 1_800_000;

export interface TestCluster {
  /** Whether no cluster is there; the tests are skipped then with `describe.skipIf` (dev/test.ts counts them). */
  readonly missing: boolean;
  /** For hooks and tests. */
  readonly cluster: Cluster;
}

/**
 * The real Kubernetes of this run, which all files share: each uses namespaces of its own. Called where a test file begins:
 * the file waits for it in a hook.
 */
export function testCluster(): TestCluster {
  const missing = process.env[WITHOUT_CLUSTER_VARIABLE] !== undefined;
  let found: Cluster | undefined;
  if (!missing) {
    beforeAll(async () => {
      found = await clusterOfThisRun();
    }, START_LIMIT_MS);
  }
  return {
    missing,
    get cluster() {
      if (found === undefined)
        throw new Error('the cluster is not there yet: ask for it in a hook or a test');
      return found;
    },
  };
}
