import type { PlannedNode, RunNode } from '../graph/graph.ts';

interface Candidates {
  /** Those that may be meant. */
  runs: readonly RunNode[];
  /** Whether a run has come to a good end. */
  isGood: (run: RunNode) => boolean;
}

/** The author of the answer of a whole graph, a run that came to a good end before others. Who judges an answer is not its author. */
export function answering(nodes: readonly PlannedNode[], { runs, isGood }: Candidates): RunNode | undefined {
  const needed = new Set(nodes.flatMap(({ needs }) => needs));
  const last = nodes.map(({ id }) => id).filter((id) => !needed.has(id));
  const good = runs.filter(isGood);
  return nearest(last, nodes, { runs: good, isGood }) ?? runs.findLast(isAuthor) ?? runs.at(-1);
}

/** The author of the answer that stood before a step at which no agent works. */
export function authorBefore(
  step: string,
  nodes: readonly PlannedNode[],
  candidates: Candidates,
): RunNode | undefined {
  return nearest(nodes.find(({ id }) => id === step)?.needs ?? [], nodes, candidates);
}

/** The first author on the way back from some nodes, over all that they needed. */
function nearest(
  ids: readonly string[],
  nodes: readonly PlannedNode[],
  { runs, isGood }: Candidates,
): RunNode | undefined {
  const known = new Map(nodes.map((node) => [node.id, node]));
  const seen = new Set<string>();
  for (let level = ids; level.length > 0;) {
    const here = new Set(level);
    const found = runs.filter((run) => here.has(run.id) && isAuthor(run));
    const author = found.findLast(isGood) ?? found.at(-1);
    if (author !== undefined) return author;
    for (const id of level) seen.add(id);
    const before = level.flatMap((id) => known.get(id)?.needs ?? []);
    level = [...new Set(before)].filter((id) => !seen.has(id));
  }
  return undefined;
}

const isAuthor = ({ judges }: RunNode): boolean => judges !== true;
