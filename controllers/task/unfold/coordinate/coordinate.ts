import type { NamedResult, PlannedNode, RunNode } from '../../graph/graph.ts';
import { endOf, isInvalidOutput } from '../team/ends.ts';
import { memberOf, memberRun } from '../team/member-run.ts';
import { presentNames, rosterText } from '../team/roster.ts';
import type { Unfold, Unfolded, UnfoldInput } from '../unfold.ts';
import { assignmentRuns, leavesFiles, orderKey } from './assignment.ts';
import type { Assignment, Round } from './assignment.ts';
import { decisionSchema, readDecision } from './decision.ts';
import type { Decision, DecisionRange, Order } from './decision.ts';
import type { CoordinateProgram } from './program.ts';
import { correctionText, firstWords, limitText, roundResults, roundText } from './wording.ts';

/**
 * The nodes: `lead-1` (the leader decides), `work-1-1`, `work-1-2` (its assignments), `lead-2` with all their answers, and so
 * on, until the leader answers or its limits are used up. A decision that cannot be carried out is asked for once more
 * (`lead-1-again`).
 */
export const unfoldCoordinate: Unfold = (input) => new Coordination(input).unfold();

/** Nothing follows yet, or the Task cannot go on. */
type Stop = { failure?: string };

class Coordination {
  readonly #input: UnfoldInput;
  readonly #program: CoordinateProgram;
  readonly #names: readonly string[];
  readonly #nodes: PlannedNode[] = [];
  readonly #rounds: Round[] = [];
  /** The node whose files are the newest of the line that the leader goes on with. */
  #files: string | undefined;
  /** The last node of the leader; another one may go on with its agent. */
  #lead: { id: string; hasSession: boolean } | undefined;

  constructor(input: UnfoldInput) {
    this.#input = input;
    this.#program = input.revision.program as CoordinateProgram;
    this.#names = presentNames(input.revision, this.#program.roster);
  }

  unfold(): Unfolded {
    for (let number = 1; ; number += 1) {
      const decision = this.#decide(number);
      if (!('answer' in decision || 'orders' in decision)) return { nodes: this.#nodes, ...decision };
      const author = this.#lead?.id ?? '';
      if ('answer' in decision) return { nodes: this.#nodes, answer: decision.answer, author };
      const stop = this.#assign(number, decision.orders);
      if (stop !== undefined) return { nodes: this.#nodes, ...stop };
    }
  }

  /** All assignments of the rounds that are over. */
  get #given(): Assignment[] {
    return this.#rounds.flatMap(({ assignments }) => assignments);
  }

  /** The leader decides; when that cannot be carried out, once more. */
  #decide(round: number): Exclude<Decision, { problem: string }> | Stop {
    const range = this.#range(round);
    const first = this.#ask(`lead-${round}`, round, { range });
    if (!('problem' in first)) return first;
    const again = this.#ask(`lead-${round}-again`, round, { range, problem: first.problem });
    if (!('problem' in again)) return again;
    return { failure: `${invalid(range)}: the leader's decision cannot be carried out. ${again.problem}` };
  }

  #ask(
    id: string,
    round: number,
    { range, problem }: { range: DecisionRange; problem?: string },
  ): Decision | Stop {
    this.#nodes.push(this.#leadNode(id, round, { range, problem }));
    const end = endOf(this.#input.history, id);
    if (end.end === 'open') return {};
    // All other failures of the run are told as those of the step.
    if (end.end === 'failed') {
      return isInvalidOutput(end.why) ? { failure: `${invalid(range)}: ${end.why}` } : {};
    }
    this.#lead = { id, hasSession: end.hasSession };
    this.#files = id;
    return readDecision(end.output, range);
  }

  #range(round: number): DecisionRange {
    const { maxRounds, maxAssignments } = this.#program;
    const all = this.#given;
    return {
      members: this.#names,
      most: round > maxRounds ? 0 : Math.max(0, maxAssignments - all.length),
      done: all.filter(({ state }) => state.end === 'succeeded').map(({ id }) => id),
    };
  }

  /** In its session the leader is told the news alone, which needs its own files; else the whole story. */
  #leadNode(
    id: string,
    round: number,
    { range, problem }: { range: DecisionRange; problem?: string | undefined },
  ): RunNode {
    const { leader, roster, maxRounds } = this.#program;
    const { revision } = this.#input;
    const before = this.#rounds.at(-1);
    const usesFiles = memberOf(revision, leader)?.usesWorkspace === true;
    const session =
      this.#lead?.hasSession === true && (!usesFiles || this.#files === this.#lead.id)
        ? this.#lead.id
        : undefined;
    // Asked once more in its session, it knows all but what was wrong.
    const news = problem !== undefined ? [] : this.#rounds.slice(-1);
    const told = session === undefined ? this.#rounds : news;
    const text = [
      ...(session === undefined ? [firstWords(rosterText(revision, roster))] : []),
      ...told.map(roundText),
      ...(problem === undefined ? [] : [correctionText(problem)]),
      limitText(range, maxRounds - round + 1),
    ];
    const needs = problem !== undefined && this.#lead !== undefined ? [this.#lead.id] : (before?.last ?? []);
    return memberRun(revision, {
      id,
      member: leader,
      needs,
      inputs: {
        taskPrompt: session === undefined,
        text: text.join('\n\n'),
        results: [
          ...told.flatMap(roundResults),
          ...(session === undefined && problem !== undefined ? this.#wrongDecision() : []),
        ],
      },
      workspace: this.#files === undefined ? {} : { from: this.#files },
      ...(session === undefined ? {} : { session: { from: session } }),
      outputSchema: decisionSchema(range),
    });
  }

  #wrongDecision(): NamedResult[] {
    return this.#lead === undefined ? [] : [{ from: this.#lead.id, label: 'Your last decision' }];
  }

  /** The members work. @returns nothing when all of them have ended */
  #assign(number: number, orders: readonly Order[]): Stop | undefined {
    const lead = this.#lead?.id ?? '';
    const { fresh, repeated } = this.#sorted(orders);
    if (fresh.length === 0) {
      return { failure: `LeaderLoops: in round ${number} the leader gives only work that is done already.` };
    }
    const assignments: Assignment[] = [];
    const last: string[] = [];
    let open = 0;
    for (const [index, { order, key, before }] of fresh.entries()) {
      if (open >= this.#program.parallelism) return {};
      const id = `work-${number}-${index + 1}`;
      const place = { id, lead, before, files: this.#files ?? lead };
      const { nodes, state } = assignmentRuns(this.#input, order, place);
      this.#nodes.push(...nodes);
      if (state.end === 'open') open += 1;
      assignments.push({ id, order, key, state });
      last.push(nodes.at(-1)?.id ?? id);
    }
    if (open > 0) return {};
    this.#rounds.push({ number, assignments, repeated, last });
    const only = this.#onlyOne();
    // With one line of work the leader goes on with its files; branches of several are merged by nobody (docs/adr/0017).
    if (only?.state.end === 'succeeded') this.#files = only.state.node;
    return undefined;
  }

  /** Work that is done already is not done again, nor is work that is given twice at once. */
  #sorted(orders: readonly Order[]): { fresh: FreshOrder[]; repeated: Assignment[] } {
    const given = this.#given;
    const fresh = new Map<string, FreshOrder>();
    const repeated: Assignment[] = [];
    for (const order of orders) {
      const before = given.find(({ id }) => id === order.continues) ?? this.#onlyOne();
      const key = orderKey(order, before?.id ?? '');
      const same = given.find((one) => one.key === key && one.state.end === 'succeeded');
      if (same === undefined)
        fresh.set(key, { order, key, before: order.continues === undefined ? undefined : before });
      else repeated.push(same);
    }
    return { fresh: [...fresh.values()], repeated };
  }

  /** The assignment of the last round whose files all go on with. */
  #onlyOne(): Assignment | undefined {
    const assignments = this.#rounds.at(-1)?.assignments ?? [];
    const [only] = assignments;
    return only !== undefined && assignments.length === 1 && leavesFiles(this.#input.revision, only)
      ? only
      : undefined;
  }
}

interface FreshOrder {
  order: Order;
  key: string;
  before: Assignment | undefined;
}

/** The reason for a failure where there is no valid decision. */
const invalid = ({ most }: DecisionRange): string => (most === 0 ? 'RoundsExhausted' : 'InvalidDecision');
