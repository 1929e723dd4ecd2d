import type { SandboxSpec } from '#api/types/generated/sandbox';

/** Which Executors a run may have. */
export type Placement = Pick<SandboxSpec, 'executorSelector' | 'tolerations'>;

/**
 * The demands of all of them together, from the general to the special: of two values for the same label the later counts.
 * Undefined when nothing is demanded.
 */
export function placementOf(...demands: readonly (Placement | undefined)[]): Placement | undefined {
  const executorSelector = Object.assign({}, ...demands.map((demand) => demand?.executorSelector)) as Record<
    string,
    string
  >;
  const tolerations = demands.flatMap((demand) => demand?.tolerations ?? []);
  const placement: Placement = {
    ...(Object.keys(executorSelector).length === 0 ? {} : { executorSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations }),
  };
  return Object.keys(placement).length === 0 ? undefined : placement;
}
