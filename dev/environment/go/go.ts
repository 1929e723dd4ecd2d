import { findProgram, runProgram } from '../program.ts';

/** Older ones cannot read test/go/go.mod; a newer one fetches what it says is needed. */
const OLDEST_MINOR = 24;

/** The path of a Go that builds the programs of test/go; undefined when there is none. */
export async function go(): Promise<string | undefined> {
  const found = await findProgram('go');
  if (found === undefined) return undefined;
  const minor = /^go1[.](\d+)/.exec(await runProgram(found, ['env', 'GOVERSION']))?.[1];
  return Number(minor) >= OLDEST_MINOR ? found : undefined;
}

export const GO_IS_MISSING = `Go 1.${OLDEST_MINOR} or newer is missing: tests against Kubernetes' own Go code are skipped`;
