import type { Resource } from '../resource.ts';
import type { CrdNames, CrdObject } from './crd-object.ts';

/** Which names each CustomResourceDefinition gets (apiextensions-apiserver pkg/controller/status/naming_controller.go). */

export interface NamesOutcome {
  /** What the kind is served under; empty strings as long as nothing was accepted. */
  accepted: CrdNames;
  /** Why some of the requested names were refused. */
  conflict?: { reason: string; message: string };
}

/**
 * The same on every replica that sees the same objects: who has names keeps them, then the older one wins. Kinds of
 * the program itself (`builtIn`) come before all.
 */
export function acceptNames(
  crds: Iterable<CrdObject>,
  builtIn: readonly Resource[],
): Map<string, NamesOutcome> {
  const groups = Map.groupBy(crds, (crd) => crd.group);
  const outcomes = new Map<string, NamesOutcome>();
  for (const [group, members] of groups) {
    const claims = new Claims(builtIn.filter((resource) => resource.group === group));
    const ordered = members.toSorted((a, b) => rank(a) - rank(b) || a.stored.revision - b.stored.revision);
    for (const crd of ordered) claims.keep(crd.name, crd.accepted);
    for (const crd of ordered) outcomes.set(crd.name, claims.ask(crd));
  }
  return outcomes;
}

const rank = ({ accepted }: CrdObject): number => (accepted.plural === '' ? 1 : 0);

const BUILT_IN = ' built-in';

/** Who has which name of one group. Resources (plural, singular, short) and kinds are two name spaces. */
class Claims {
  readonly #resources = new Map<string, string>();
  readonly #kinds = new Map<string, string>();

  constructor(builtIn: readonly Resource[]) {
    for (const resource of builtIn) this.keep(BUILT_IN, resource);
  }

  /** Takes what nobody has. */
  keep(owner: string, names: Omit<CrdNames, 'categories'>): void {
    for (const name of [names.plural, names.singular, ...names.shortNames])
      claim(this.#resources, name, owner);
    for (const name of [names.kind, names.listKind]) claim(this.#kinds, name, owner);
  }

  ask({ name: owner, requested, accepted: before }: CrdObject): NamesOutcome {
    const accepted: CrdNames = { ...before, categories: requested.categories };
    let conflict: NamesOutcome['conflict'];
    const refuse = (reason: string, message: string): void => {
      conflict = { reason, message };
    };
    const free = (names: ReadonlyMap<string, string>, name: string): boolean =>
      (names.get(name) ?? owner) === owner;
    for (const [field, names] of [
      ['plural', this.#resources],
      ['singular', this.#resources],
    ] as const) {
      if (free(names, requested[field])) accepted[field] = requested[field];
      else refuse(REASONS[field], inUse(requested[field]));
    }
    const taken = requested.shortNames.filter((one) => !free(this.#resources, one)).map(inUse);
    if (taken.length === 0) accepted.shortNames = requested.shortNames;
    else refuse('ShortNamesConflict', taken.length === 1 ? (taken[0] ?? '') : `[${taken.join(', ')}]`);
    for (const field of ['kind', 'listKind'] as const) {
      if (free(this.#kinds, requested[field])) accepted[field] = requested[field];
      else refuse(REASONS[field], inUse(requested[field]));
    }
    this.keep(owner, accepted);
    return conflict === undefined ? { accepted } : { accepted, conflict };
  }
}

const REASONS = {
  plural: 'PluralConflict',
  singular: 'SingularConflict',
  kind: 'KindConflict',
  listKind: 'ListKindConflict',
} as const;

const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;

function claim(names: Map<string, string>, name: string, owner: string): void {
  if (name !== '' && !names.has(name)) names.set(name, owner);
}
