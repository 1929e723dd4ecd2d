import { earliest } from '../../runtime/soonest.ts';
import type { Demand } from '../binding/demand.ts';
import { demandKey } from '../binding/demand.ts';
import type { Binding } from '../binding/plan.ts';
import type { Wait } from '../binding/wait.ts';
import type { Usage } from '../usage.ts';
import { FairLine, fairest } from './fair-line.ts';
import type { Shares } from './fair-line.ts';
import type { Waiting } from './turn.ts';

/** All that wait for the same thing: an Executor that none of them gets, none of the others gets. */
interface Lane {
  demand: Demand;
  isInteractive: boolean;
  line: FairLine;
  members: Set<Waiting>;
  /** Why nobody in it gets a place. */
  verdict?: Wait;
  /** Why nobody of a namespace gets one, when others may. */
  refused: Map<string, Wait>;
}

export interface Candidate {
  waiting: Waiting;
  executorName: string;
}

export interface Decisions {
  place(demand: Demand): Binding;
  /** Why the quotas of a namespace do not allow it now. */
  refuse(namespace: string, demand: Demand): Wait | undefined;
}

/** While both wait for the same kind of room, of five places one is given to those for whom nobody waits. */
const INTERACTIVE_IN_A_ROW = 4;

/** All Sandboxes that wait, and who of them is next. It decides from memory, without any write. */
export class SchedulingQueue {
  readonly #usage: Usage;
  readonly #lanes = new Map<string, Lane>();
  readonly #members = new Map<string, { waiting: Waiting; laneKey: string }>();
  readonly #inARow = { talking: 0, others: 0 };
  readonly #unexplained = new Set<string>();
  #arrivals = 0;

  constructor(usage: Usage) {
    this.#usage = usage;
  }

  get size(): number {
    return this.#members.size;
  }

  has(key: string): boolean {
    return this.#members.has(key);
  }

  /** Puts one in, or moves it when it waits for something else by now. @returns whether that changed anything */
  put(one: Omit<Waiting, 'arrival'>, want: { demand: Demand; isInteractive: boolean }): boolean {
    const laneKey = `${want.isInteractive} ${demandKey(want.demand)}`;
    const known = this.#members.get(one.key);
    if (known?.laneKey === laneKey && isSame(known.waiting, one)) return false;
    const arrival = known?.waiting.arrival ?? (this.#arrivals += 1);
    this.remove(one.key);
    const lane = this.#lanes.get(laneKey) ?? this.#newLane(want);
    this.#lanes.set(laneKey, lane);
    const waiting = { ...one, arrival };
    lane.line.add(waiting);
    lane.members.add(waiting);
    this.#members.set(one.key, { waiting, laneKey });
    this.#unexplained.add(one.key);
    return true;
  }

  remove(key: string): void {
    const known = this.#members.get(key);
    const lane = known && this.#lanes.get(known.laneKey);
    if (known === undefined || lane === undefined) return;
    lane.line.remove(known.waiting);
    lane.members.delete(known.waiting);
    if (lane.members.size === 0) this.#lanes.delete(known.laneKey);
    this.#members.delete(key);
    this.#unexplained.delete(key);
  }

  /** The share of a user, and of the namespace, has changed. */
  shareChanged(talks: boolean, namespace: string, user: string): void {
    for (const { demand, line } of this.#lanes.values())
      if (demand.talks === talks) line.place(namespace, user);
  }

  /** The quotas of a namespace have changed: those who were refused are looked at again. */
  quotaChanged(namespace: string): void {
    for (const lane of this.#lanes.values()) this.#refuse(lane, namespace, undefined);
  }

  /** Who gets which place now; undefined when nobody who waits fits anywhere. Each lane then has its reason. */
  next(decisions: Decisions): Candidate | undefined {
    const open = [...this.#lanes.values()].flatMap((lane) => this.#firstOf(lane, decisions));
    const chosen = this.#choose(open);
    return chosen && { waiting: chosen.waiting, executorName: chosen.executorName };
  }

  /** Why it waits; undefined while that is not known. */
  reasonOf(key: string): Wait | undefined {
    const known = this.#members.get(key);
    const lane = known && this.#lanes.get(known.laneKey);
    return known && (lane?.refused.get(known.waiting.namespace) ?? lane?.verdict);
  }

  /** Those whose reason is new since the last call. */
  takeUnexplained(): string[] {
    const keys = [...this.#unexplained];
    this.#unexplained.clear();
    return keys;
  }

  /** The first of each lane for which all Executors are full, and whose quotas would allow it a place. */
  *blocked(refuse: Decisions['refuse']): Iterable<{ waiting: Waiting; demand: Demand }> {
    for (const { line, demand, verdict } of this.#lanes.values()) {
      if (verdict?.reason !== 'NoCapacity') continue;
      for (const waiting of line.firsts()) {
        if (refuse(waiting.namespace, demand) !== undefined) continue;
        yield { waiting, demand };
        break;
      }
    }
  }

  /** Milliseconds until time alone may give somebody a place. */
  recheckAfter(): number | undefined {
    return earliest([...this.#lanes.values()].map(({ verdict }) => verdict?.recheckAfter));
  }

  #newLane({ demand, isInteractive }: { demand: Demand; isInteractive: boolean }): Lane {
    const line = new FairLine(this.#shares(demand.talks));
    return { demand, isInteractive, line, members: new Set(), refused: new Map() };
  }

  #shares(talks: boolean): Shares {
    return {
      ofNamespace: (namespace) => this.#usage.share(talks, namespace),
      ofUser: (namespace, user) => this.#usage.share(talks, namespace, user),
    };
  }

  /** The first of a lane who gets a place; nobody when there is none, and then the lane knows why. */
  #firstOf(lane: Lane, { place, refuse }: Decisions): Opening[] {
    const binding = place(lane.demand);
    if (binding.outcome === 'wait') {
      if (binding.message !== lane.verdict?.message) this.#explain(lane.members);
      lane.verdict = binding;
      return [];
    }
    for (const waiting of lane.line.firsts()) {
      const refusal = refuse(waiting.namespace, lane.demand);
      this.#refuse(lane, waiting.namespace, refusal);
      if (refusal === undefined) return [{ lane, waiting, executorName: binding.executorName }];
    }
    // There is room: it is quotas alone that keep them waiting.
    delete lane.verdict;
    return [];
  }

  #refuse(lane: Lane, namespace: string, refusal: Wait | undefined): void {
    if (lane.refused.get(namespace)?.message === refusal?.message) return;
    if (refusal === undefined) lane.refused.delete(namespace);
    else lane.refused.set(namespace, refusal);
    this.#explain([...lane.members].filter((one) => one.namespace === namespace));
  }

  #explain(members: Iterable<Waiting>): void {
    for (const { key } of members) this.#unexplained.add(key);
  }

  #choose(open: readonly Opening[]): Opening | undefined {
    const kind = open[0]?.lane.demand.talks;
    if (kind === undefined) return undefined;
    const ofKind = open.filter(({ lane }) => lane.demand.talks === kind);
    const people = ofKind.filter(({ lane }) => lane.isInteractive);
    const others = ofKind.filter(({ lane }) => !lane.isInteractive);
    const room = kind ? 'talking' : 'others';
    const isTheirTurn = others.length === 0 || this.#inARow[room] < INTERACTIVE_IN_A_ROW;
    const group = people.length > 0 && isTheirTurn ? people : others;
    if (people.length > 0 && others.length > 0)
      this.#inARow[room] = group === people ? this.#inARow[room] + 1 : 0;
    const waiting = fairest(
      group.map((opening) => opening.waiting),
      this.#shares(kind),
    );
    return group.find((opening) => opening.waiting === waiting);
  }
}

interface Opening extends Candidate {
  lane: Lane;
}

function isSame(a: Waiting, b: Omit<Waiting, 'arrival'>): boolean {
  return a.namespace === b.namespace && a.user === b.user && a.turn === b.turn;
}
