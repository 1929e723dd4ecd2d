import { FairGroups, UserLine } from './fair-groups.ts';
import { byTurn } from './turn.ts';
import type { Waiting } from './turn.ts';

/** How much of the room that a line is for is taken, in Sandboxes. */
export interface Shares {
  ofNamespace(namespace: string): number;
  ofUser(namespace: string, user: string): number;
}

/**
 * Those who wait for the same thing. The namespace that has the least comes first, in it the user who has the least, and of
 * one user the one with the earliest turn. Who has nothing waits for nobody who has something; and as each run ends, a
 * share always falls back to nothing, so nobody waits for ever.
 */
export class FairLine {
  readonly #namespaces: FairGroups<FairGroups<UserLine>>;

  constructor(shares: Shares) {
    this.#namespaces = new FairGroups({
      make: (namespace) =>
        new FairGroups({
          make: () => new UserLine(),
          shareOf: (user) => shares.ofUser(namespace, user),
        }),
      shareOf: (namespace) => shares.ofNamespace(namespace),
    });
  }

  add(one: Waiting): void {
    this.#change(one, (line) => line.add(one));
  }

  remove(one: Waiting): void {
    this.#change(one, (line) => line.remove(one));
  }

  /** The shares of a user, and of the namespace, have changed. */
  place(namespace: string, user: string): void {
    this.#namespaces.get(namespace)?.place(user);
    this.#namespaces.place(namespace);
  }

  /** The first of each namespace, in the order of the namespaces. */
  firsts(): Iterable<Waiting> {
    return this.#namespaces.firsts();
  }

  first(): Waiting | undefined {
    return this.#namespaces.first();
  }

  #change({ namespace, user }: Waiting, change: (line: UserLine) => void): void {
    this.#namespaces.change(namespace, (users) => users.change(user, change));
  }
}

/** Who of the first of several lines for the same kind of room is served before the others, by the same order. */
export function fairest(firsts: Iterable<Waiting>, shares: Shares): Waiting | undefined {
  const ofNamespaces = new Map<string, Waiting>();
  const userShare = ({ namespace, user }: Waiting): number => shares.ofUser(namespace, user);
  for (const one of firsts) {
    const other = ofNamespaces.get(one.namespace);
    if (other === undefined || (userShare(one) - userShare(other) || byTurn(one, other)) < 0)
      ofNamespaces.set(one.namespace, one);
  }
  const share = ({ namespace }: Waiting): number => shares.ofNamespace(namespace);
  return [...ofNamespaces.values()].toSorted((a, b) => share(a) - share(b) || byTurn(a, b))[0];
}
