import { beforeAll } from 'vitest';
import { builtProgram, WITHOUT_GO_VARIABLE } from '#dev/environment/go/go-builds';

/** With an empty cache a program waits for the builds of those before it. */
const BUILD_LIMIT_MS = 1_200_000;

export interface GoProgram {
  /** Whether Go is missing; the tests are skipped then with `describe.skipIf` (dev/test.ts counts them). */
  readonly missing: boolean;
  /** Of the program, for hooks and tests. */
  readonly path: string;
}

/**
 * A program of test/go by the name of its folder, or `helm-3`, `helm-4` or `argo-cd-agent`. Called where a test file begins: the file
 * waits for the build in a hook.
 */
export function goProgram(name: string): GoProgram {
  const missing = process.env[WITHOUT_GO_VARIABLE] !== undefined;
  let built: string | undefined;
  if (!missing) {
    beforeAll(async () => {
      built = await builtProgram(name);
    }, BUILD_LIMIT_MS);
  }
  return {
    missing,
    get path() {
      if (built === undefined) throw new Error(`${name} is not built yet: ask for it in a hook or a test`);
      return built;
    },
  };
}
