import type { PlannedNode } from '../../graph/graph.ts';
import { endOf } from '../team/ends.ts';
import type { Unfolded } from '../unfold.ts';
import type { Choice } from './candidates.ts';
import { gateRun } from './gates.ts';
import type { JudgedWork } from './judged-work.ts';
import type { Gate } from './program.ts';
import type { Opinion, Verdict } from './verdicts.ts';
import { correctionRun } from './version.ts';
import type { Version } from './version.ts';

/** A judgement on a version of an answer, as the result of the Task lists it. */
export interface Judgement {
  gate: 'approval' | 'bestOf' | 'evaluate' | 'review' | 'vote';
  /** From 1. */
  version: number;
  accepted?: boolean;
  /** From 0 to 1. */
  score?: number;
  opinions?: readonly Opinion[];
  /** The number of the candidate that was chosen. */
  choice?: number;
  votes?: readonly object[];
}

/** The work that was done, and the first version of its answer once there is one. */
export type FirstVersion = Pick<Choice, 'details' | 'failure' | 'heeded' | 'nodes' | 'version'>;

/** The course of the first version through the gates. */
export function passGates(work: JudgedWork, gates: readonly Gate[], first: FirstVersion): Unfolded {
  const { nodes, version, failure, details, heeded = new Set() } = first;
  if (version === undefined) {
    return { nodes, ...(failure === undefined ? {} : { failure }), ...(heeded.size === 0 ? {} : { heeded }) };
  }
  const choice: Judgement[] = details === undefined ? [] : [{ gate: 'bestOf', version: 1, ...details }];
  return new GateCourse(work, gates, { nodes, heeded, judgements: choice }).pass(version);
}

/** The judgements in the details of a result. */
export function judgementsIn(details: Unfolded['details']): readonly Judgement[] {
  const found = details?.['quality'];
  return Array.isArray(found) ? (found as Judgement[]) : [];
}

/** The way of an answer through the gates. */
class GateCourse {
  readonly #work: JudgedWork;
  readonly #gates: readonly Gate[];
  readonly #nodes: PlannedNode[];
  /** The nodes of the layer in front of the version that is looked at. */
  #ofVersion: string[] = [];
  /** How often each gate has sent an answer back. */
  readonly #corrections = new Map<Gate, number>();
  readonly #judgements: Judgement[];
  /** Nodes of gates that said no, and not for the last time. */
  readonly #heeded: Set<string>;

  constructor(
    work: JudgedWork,
    gates: readonly Gate[],
    before: {
      nodes: readonly PlannedNode[];
      heeded: ReadonlySet<string>;
      judgements: readonly Judgement[];
    },
  ) {
    this.#work = work;
    this.#gates = gates;
    this.#nodes = [...before.nodes];
    this.#heeded = new Set(before.heeded);
    this.#judgements = [...before.judgements];
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
    this.#ofVersion = [];
    for (const gate of this.#gates) {
      const { nodes, verdict, failure } = gateRun(this.#work, gate, version);
      this.#nodes.push(...nodes);
      this.#ofVersion.push(...nodes.map(({ id }) => id));
      if (failure !== undefined) return { failure };
      if (verdict === undefined) return undefined;
      const { guidance: _, ...told } = verdict;
      const kind = gate.kind === 'script' ? 'evaluate' : gate.kind;
      this.#judgements.push({ gate: kind, version: version.number, ...told });
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
    const needs = [version.author.id, ...this.#ofVersion];
    const author = correctionRun(this.#work, { version, guidance, needs });
    this.#nodes.push(author);
    return endOf(this.#work.history, author.id).end === 'succeeded'
      ? { number: version.number + 1, author, details: version.details }
      : undefined;
  }

  #asItStands({ author, answer, details }: Version): Unfolded {
    const end = endOf(this.#work.history, author.id);
    const value = answer ?? (end.end === 'succeeded' ? end.value : undefined);
    // Steps of a workflow may have been judged before the whole.
    const quality = [...judgementsIn(details), ...this.#judgements];
    return {
      nodes: this.#nodes,
      author: author.id,
      ...(value === undefined ? {} : { answer: value }),
      ...(this.#heeded.size === 0 ? {} : { heeded: this.#heeded }),
      details: { ...details, ...(quality.length === 0 ? {} : { quality }) },
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
