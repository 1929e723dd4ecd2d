import type { Program } from '../program.ts';
import { endOf } from '../team/ends.ts';
import type { History, Programs, Unfold, Unfolded } from '../unfold.ts';
import { isWorkflow } from '../workflow/workflow-program.ts';
import { chooseBest, taskCandidate } from './candidates.ts';
import { passGates } from './gate-course.ts';
import { taskWork } from './judged-work.ts';
import type { QualityProgram } from './program.ts';
import { firstVersion, isComplete } from './version.ts';

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
      if (inner === undefined || grow === undefined) return { nodes: revision.nodes };
      const unfolded = grow({ revision: { ...rest, program: inner }, history });
      return isGiven(inner) ? withOutcome(unfolded, history) : unfolded;
    };
    const work = taskWork(input);
    if (bestOf !== undefined) {
      const candidateOf = (number: number) => taskCandidate(input, number, unfoldWork);
      return passGates(work, gates, chooseBest(work, bestOf, candidateOf));
    }
    const unfolded: Unfolded = unfoldWork(input);
    const version = firstVersion(unfolded, input.history);
    const { nodes, heeded, course } = unfolded;
    if (version === undefined) return unfolded;
    const judged = passGates(work, gates, { nodes, version, ...(heeded === undefined ? {} : { heeded }) });
    return course === undefined ? judged : { ...judged, course };
  };
}

/** Whether it is a workflow of which somebody has made sure that one participant gives its outcome (workflows/outcome.ts). */
const isGiven = (program: Program): boolean => isWorkflow(program) && program.mode !== 'planned';

/** Where that step was not chosen, or has failed and that did not matter, there is nothing to judge. */
function withOutcome(unfolded: Unfolded, history: History): Unfolded {
  if (unfolded.failure !== undefined || !isComplete(unfolded, history)) return unfolded;
  const { outcome } = unfolded;
  if (outcome !== undefined && endOf(history, outcome).end === 'succeeded') return unfolded;
  const failure =
    'NoAnswer: the step that gives the outcome of the workflow gave none, so nobody can judge it.';
  return { ...unfolded, failure };
}
