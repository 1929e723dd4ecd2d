/**
 * Whether a history of concurrent operations on one object could have been the work of a single one that does them
 * one at a time, each at some instant between its call and its return (Herlihy and Wing 1990). The search is that of
 * Wing and Gong with the memory of Lowe ("Testing for linearizability", 2017): a set of operations that led to a state
 * once is not tried again.
 */

export interface Operation<Action> {
  client: string;
  called: number;
  /** Infinity when no answer came: it may take effect at any time after the call, or never. */
  returned: number;
  /** What was asked, with what was answered. */
  action: Action;
}

export interface Model<State, Action> {
  initial: State;
  /** The state after the action, or undefined when it could not have had its answer in this state. */
  apply(state: State, action: Action): State | undefined;
  /** Equal texts for equal states only. */
  textOf(state: State): string;
}

export interface Verdict<State, Action> {
  linearizable: boolean;
  /** The longest order found; all completed operations of a linearizable history are in it. */
  order: Operation<Action>[];
  /** The state after that order. */
  state: State;
  /** What could not come next, where the history is not linearizable: those under way at that point. */
  stuck: Operation<Action>[];
}

export function judgeHistory<State, Action>(
  history: readonly Operation<Action>[],
  model: Model<State, Action>,
): Verdict<State, Action> {
  return new Search(history, model).run();
}

/** A call or a return, in a list ordered by time. A call knows its return; an operation without answer has none. */
interface Entry<Action> {
  index: number;
  operation: Operation<Action>;
  isCall: boolean;
  answer: Entry<Action> | undefined;
  before: Entry<Action> | undefined;
  next: Entry<Action> | undefined;
}

interface Step<State, Action> {
  entry: Entry<Action>;
  /** Before this step. */
  state: State;
}

class Search<State, Action> {
  readonly #model: Model<State, Action>;
  readonly #head: Entry<Action>;
  readonly #tried = new Set<string>();
  readonly #steps: Step<State, Action>[] = [];
  #state: State;
  /** One bit for each operation that is in the order. */
  #done = 0n;
  #open: number;
  #best: Verdict<State, Action>;

  constructor(history: readonly Operation<Action>[], model: Model<State, Action>) {
    this.#model = model;
    this.#state = model.initial;
    this.#head = listOf(history);
    this.#open = history.filter((operation) => operation.returned !== Number.POSITIVE_INFINITY).length;
    this.#best = { linearizable: false, order: [], state: this.#state, stuck: this.#underWay() };
  }

  run(): Verdict<State, Action> {
    let entry = this.#head.next;
    while (this.#open > 0) {
      if (entry === undefined) throw new Error('an operation returned that was never called');
      if (entry.isCall) {
        entry = this.#take(entry) ? this.#head.next : entry.next;
        continue;
      }
      // It has returned and is not in the order: one of the earlier choices was wrong.
      const step = this.#steps.pop();
      if (step === undefined) return this.#best;
      this.#undo(step);
      entry = step.entry.next;
    }
    return { linearizable: true, order: this.#order(), state: this.#state, stuck: [] };
  }

  #take(entry: Entry<Action>): boolean {
    const state = this.#model.apply(this.#state, entry.operation.action);
    if (state === undefined) return false;
    const done = this.#done | (1n << BigInt(entry.index));
    const place = `${done.toString(36)} ${this.#model.textOf(state)}`;
    if (this.#tried.has(place)) return false;
    this.#tried.add(place);
    this.#steps.push({ entry, state: this.#state });
    this.#done = done;
    this.#state = state;
    unlink(entry);
    if (entry.answer !== undefined) {
      unlink(entry.answer);
      this.#open--;
    }
    if (this.#steps.length > this.#best.order.length) {
      this.#best = { linearizable: false, order: this.#order(), state, stuck: this.#underWay() };
    }
    return true;
  }

  #undo({ entry, state }: Step<State, Action>): void {
    if (entry.answer !== undefined) {
      relink(entry.answer);
      this.#open++;
    }
    relink(entry);
    this.#done &= ~(1n << BigInt(entry.index));
    this.#state = state;
  }

  #order(): Operation<Action>[] {
    return this.#steps.map(({ entry }) => entry.operation);
  }

  /** Called before the first of those that are left returned. */
  #underWay(): Operation<Action>[] {
    const found: Operation<Action>[] = [];
    for (let entry = this.#head.next; entry?.isCall === true; entry = entry.next) found.push(entry.operation);
    return found;
  }
}

function listOf<Action>(history: readonly Operation<Action>[]): Entry<Action> {
  const entries = history.flatMap((operation, index) => {
    const linked = { index, operation, before: undefined, next: undefined };
    if (operation.returned === Number.POSITIVE_INFINITY)
      return [{ ...linked, isCall: true, answer: undefined }];
    const answer: Entry<Action> = { ...linked, isCall: false, answer: undefined };
    return [{ ...linked, isCall: true, answer }, answer];
  });
  const timeOf = ({ isCall, operation }: Entry<Action>): number =>
    isCall ? operation.called : operation.returned;
  // At the same instant calls come first: such operations are concurrent.
  entries.sort((a, b) => timeOf(a) - timeOf(b) || Number(b.isCall) - Number(a.isCall));
  const head = { index: -1, isCall: true, answer: undefined, before: undefined } as unknown as Entry<Action>;
  let last = head;
  for (const entry of entries) {
    entry.before = last;
    last.next = entry;
    last = entry;
  }
  return head;
}

function unlink<Action>(entry: Entry<Action>): void {
  if (entry.before !== undefined) entry.before.next = entry.next;
  if (entry.next !== undefined) entry.next.before = entry.before;
}

function relink<Action>(entry: Entry<Action>): void {
  if (entry.before !== undefined) entry.before.next = entry;
  if (entry.next !== undefined) entry.next.before = entry;
}
