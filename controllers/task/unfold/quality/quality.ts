import type { Programs, Unfold, Unfolded } from '../unfold.ts';
import { chooseBest, taskCandidate } from './candidates.ts';
import { passGates } from './gate-course.ts';
import { taskWork } from './judged-work.ts';
import type { QualityProgram } from './program.ts';
import { firstVersion } from './version.ts';

/**
 * A layer over the programs `models`: the work is done as before, several times where one of them is chosen; then its answer
 * passes the gates. A gate sends it back to the one who gave it (`v2`, `v3`, ...), a limited number of times, and what was
 * corrected passes all gates again.
 */
export function unfoldQuality(models: Programs): Unfold {
  return (input) => {
    const { inner, bestOf, gates } = input.revision.program as QualityProgram;
    const grow = inner === undefined ? undefined : models[inner.kind];
    if (inner !== undefined && grow === undefined) {
      return { nodes: [], failure: `UnsupportedMode: this version knows no program "${inner.kind}".` };
    }
    const unfoldWork: Unfold = ({ revision, history }) => {
      const { program: _, ...rest } = revision;
      return inner === undefined || grow === undefined
        ? { nodes: revision.nodes }
        : grow({ revision: { ...rest, program: inner }, history });
    };
    const work = taskWork(input);
    if (bestOf !== undefined) {
      const candidateOf = (number: number) => taskCandidate(input, number, unfoldWork);
      return passGates(work, gates, chooseBest(work, bestOf, candidateOf));
    }
    const unfolded: Unfolded = unfoldWork(input);
    const version = firstVersion(unfolded, input.history);
    return version === undefined ? unfolded : passGates(work, gates, { nodes: unfolded.nodes, version });
  };
}
