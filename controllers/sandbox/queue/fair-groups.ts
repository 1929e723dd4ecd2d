import { OrderedMap } from '@js-sdsl/ordered-map';
import { byTurn } from './turn.ts';
import type { Waiting } from './turn.ts';

/** Some who wait, in an order. */
export interface Line {
  first(): Waiting | undefined;
}

/** Those of one user, by their turn. */
export class UserLine implements Line {
  readonly #waiting = new OrderedMap<Waiting, true>([], byTurn);

  add(one: Waiting): void {
    this.#waiting.setElement(one, true);
  }

  remove(one: Waiting): void {
    this.#waiting.eraseElementByKey(one);
  }

  first(): Waiting | undefined {
    return this.#waiting.front()?.[0];
  }
}

interface Rank {
  /** How much the group has already. */
  share: number;
  first: Waiting;
}

function byRank(a: Rank, b: Rank): number {
  return a.share - b.share || byTurn(a.first, b.first);
}

/**
 * Groups of those who wait: the group with the smallest share comes first, then the one whose first has the earliest
 * turn. Each operation costs O(log n).
 */
export class FairGroups<L extends Line> implements Line {
  readonly #groups = new Map<string, { line: L; rank: Rank | undefined }>();
  readonly #order = new OrderedMap<Rank, L>([], byRank);
  readonly #make: (name: string) => L;
  readonly #shareOf: (name: string) => number;

  constructor(options: { make: (name: string) => L; shareOf: (name: string) => number }) {
    this.#make = options.make;
    this.#shareOf = options.shareOf;
  }

  /** Changes the line of a group, and puts the group where it belongs now. */
  change(name: string, change: (line: L) => void): void {
    const group = this.#groups.get(name) ?? { line: this.#make(name), rank: undefined };
    this.#groups.set(name, group);
    change(group.line);
    this.place(name);
  }

  /** Puts a group where it belongs after its share has changed; one in which nobody waits is forgotten. */
  place(name: string): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    if (group.rank !== undefined) this.#order.eraseElementByKey(group.rank);
    const first = group.line.first();
    if (first === undefined) {
      this.#groups.delete(name);
      return;
    }
    group.rank = { share: this.#shareOf(name), first };
    this.#order.setElement(group.rank, group.line);
  }

  get(name: string): L | undefined {
    return this.#groups.get(name)?.line;
  }

  first(): Waiting | undefined {
    return this.#order.front()?.[0].first;
  }

  /** The first of each group, in the order of the groups. */
  *firsts(): Iterable<Waiting> {
    for (const [{ first }] of this.#order) yield first;
  }
}
