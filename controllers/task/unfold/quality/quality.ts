import type { PlannedNode } from '../../graph/graph.ts';
import { endOf } from '../team/ends.ts';
import type { Programs, Unfold, Unfolded, UnfoldInput } from '../unfold.ts';
import { chooseBest } from './candidates.ts';
import { gateRun } from './gates.ts';
import type { Gate, QualityProgram } from './program.ts';
import type { Verdict } from './verdicts.ts';
import { correctionRun, firstVersion } from './version.ts';
import type { Version } from './version.ts';

/**
 * A layer over the programs `models`: the work is done as before, several times where one of them is chosen; then its answer
 * passes the gates. A gate sends it back to the one who gave it (`v2`, `v3`, ...), a limited number of times, and what was
 * corrected passes all gates again.
 */
export function unfoldQuality(models: Programs): Unfold {
  return (input) => {
    const { inner, bestOf } = input.revision.program as QualityProgram;
    const grow = inner === undefined ? undefined : models[inner.kind];
    if (inner !== undefined && grow === undefined) {
      return { nodes: [], failure: `UnsupportedMode: this version knows no program "${inner.kind}".` };
    }
    const work: Unfold = ({ revision, history }) => {
      const { program: _, ...rest } = revision;
      return inner === undefined || grow === undefined
        ? { nodes: revision.nodes }
        : grow({ revision: { ...rest, program: inner }, history });
    };
    if (bestOf === undefined) {
      const unfolded = work(input);
      const first = firstVersion(unfolded, input.history);
      return first === undefined ? unfolded : new Gates(input, unfolded.nodes).pass(first);
    }
    const { nodes, version, failure, details } = chooseBest(input, bestOf, work);
    if (version === undefined) return { nodes, ...(failure === undefined ? {} : { failure }) };
    return new Gates(input, nodes, { gate: 'bestOf', version: 1, ...details }).pass(version);
  };
}

/** The way of an answer through the gates. */
class Gates {
  readonly #input: UnfoldInput;
  readonly #gates: readonly Gate[];
  readonly #nodes: PlannedNode[];
  /** How often each gate has sent an answer back. */
  readonly #corrections = new Map<Gate, number>();
  readonly #record: object[] = [];
  /** Nodes of gates that said no, and not for the last time. */
  readonly #heeded = new Set<string>();

  constructor(input: UnfoldInput, nodes: readonly PlannedNode[], ...record: object[]) {
    this.#input = input;
    this.#gates = (input.revision.program as QualityProgram).gates;
    this.#nodes = [...nodes];
    this.#record.push(...record);
  }

  pass(first: Version): Unfolded {
    for (let version = first; ;) {
      const outcome = this.#judge(version);
      if (outcome === undefined) return this.#asItStands(version);
      if ('failure' in outcome) return { ...this.#asItStands(version), failure: outcome.failure };
      const next = this.#correct(version, outcome.guidance);
      if (next === undefined) return this.#asItStands(version);
      version = next;
    }
  }

  /** One version, gate after gate. @returns undefined when it has passed all, or waits for one */
  #judge(version: Version): { failure: string } | { guidance: string } | undefined {
    for (const gate of this.#gates) {
      const { nodes, verdict, failure } = gateRun(this.#input, gate, version);
      this.#nodes.push(...nodes);
      if (failure !== undefined) return { failure };
      if (verdict === undefined) return undefined;
      const { guidance: _, ...told } = verdict;
      this.#record.push({
        gate: gate.kind === 'script' ? 'evaluate' : gate.kind,
        version: version.number,
        ...told,
      });
      if (verdict.accepted) continue;
      const corrections = this.#corrections.get(gate) ?? 0;
      if (corrections >= gate.maxCorrections && gate.onRejected === 'Fail')
        return { failure: rejected(gate, verdict, corrections) };
      for (const { id } of nodes) this.#heeded.add(id);
      if (corrections < gate.maxCorrections) {
        this.#corrections.set(gate, corrections + 1);
        return { guidance: verdict.guidance };
      }
    }
    return undefined;
  }

  /** @returns the next version, when it is there */
  #correct(version: Version, guidance: string): Version | undefined {
    const needs = this.#nodes.filter(({ id }) => id.startsWith(`v${version.number}-`)).map(({ id }) => id);
    const correction = { version, guidance, needs: [version.author.id, ...needs] };
    const { revision, history } = this.#input;
    const author = correctionRun(revision, history, correction);
    this.#nodes.push(author);
    return endOf(history, author.id).end === 'succeeded'
      ? { number: version.number + 1, author, details: version.details }
      : undefined;
  }

  #asItStands({ author, answer, details }: Version): Unfolded {
    const end = endOf(this.#input.history, author.id);
    const value = answer ?? (end.end === 'succeeded' ? end.value : undefined);
    return {
      nodes: this.#nodes,
      author: author.id,
      ...(value === undefined ? {} : { answer: value }),
      ...(this.#heeded.size === 0 ? {} : { heeded: this.#heeded }),
      details: { ...details, ...(this.#record.length === 0 ? {} : { quality: this.#record }) },
    };
  }
}

const REASONS = {
  review: 'ReviewRejected',
  vote: 'VoteRejected',
  evaluate: 'ScoreTooLow',
  script: 'ScoreTooLow',
  approval: 'Rejected',
};

function rejected({ kind }: Gate, { guidance }: Verdict, corrections: number): string {
  const after =
    corrections === 0 ? '' : ` after ${corrections === 1 ? 'a correction' : `${corrections} corrections`}`;
  return `${REASONS[kind]}: the answer was not accepted${after}.${guidance === '' ? '' : ` ${guidance}`}`;
}
