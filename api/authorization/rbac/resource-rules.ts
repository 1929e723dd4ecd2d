import type { ResourceAttributes } from '../../machinery/users/authorizer.ts';
import { allowsResource } from './compiled-rule.ts';
import type { Asked, CompiledRule } from './compiled-rule.ts';

/** So few rules are compared one by one: that costs less than to take them apart. */
const FEW = 4;
/**
 * A rule that stands for more combinations of a verb, a group and a name than this is not taken apart: what it takes in
 * memory must not be many times what it takes to write it. The rules that people have stay far below.
 */
const MOST_COMBINATIONS = 256;

interface Entry<T> {
  rule: CompiledRule;
  value: T;
}

/** The rules for one verb and group. */
interface Cell<T> {
  /** Of a rule for all objects. */
  all?: T;
  byName?: Map<string, T>;
}

interface Cells<T> {
  /** By verb and group; `*` is a verb and a group like any other. */
  byVerb: Map<string, Map<string, Cell<T>>>;
  /** Rules that were not taken apart. */
  wide: Entry<T>[];
}

const EVERYTHING = ['*'];

/**
 * Rules that have one resource in their lists, with a value of each, found by what a request asks for: however many
 * there are, some look-ups say whether one allows it.
 */
export class ResourceRules<T extends object> {
  readonly #entries: Entry<T>[] = [];
  /** Made at the first request for the resource. */
  #cells: Cells<T> | undefined;

  add(rule: CompiledRule, value: T): void {
    this.#entries.push({ rule, value });
    this.#cells = undefined;
  }

  values(): readonly T[] {
    return this.#entries.map(({ value }) => value);
  }

  /** The value of a rule that allows it; of several any one. */
  find(asked: Asked): T | undefined {
    if (this.#entries.length <= FEW) return firstOf(this.#entries, asked);
    const { byVerb, wide } = (this.#cells ??= cellsOf(this.#entries));
    return inVerb(byVerb.get(asked.verb), asked) ?? inVerb(byVerb.get('*'), asked) ?? firstOf(wide, asked);
  }
}

/**
 * The value of a rule that allows an action on a resource, among the rules that `rulesOf` gives for an entry of a rule's
 * `resources`, such as `tasks`, `tasks/status`, `*` or, for any kind, `*` with `/status`.
 */
export function findRule<T extends object>(
  verb: string,
  { plural, subresource, group, name }: ResourceAttributes,
  rulesOf: (entry: string) => ResourceRules<T> | undefined,
): T | undefined {
  const asked = { verb, group, name };
  for (const entry of entriesFor(plural, subresource)) {
    const found = rulesOf(entry)?.find(asked);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The entries of a rule's `resources` that stand for a resource: itself, all of them, and `*` with its part where it has
 * one (ResourceMatches).
 */
export function entriesFor(plural: string, subresource: string): readonly string[] {
  if (subresource === '') return [plural, '*'];
  return [`${plural}/${subresource}`, '*', `*/${subresource}`];
}

function firstOf<T>(entries: readonly Entry<T>[], asked: Asked): T | undefined {
  for (const { rule, value } of entries) if (allowsResource(rule, asked)) return value;
  return undefined;
}

function inVerb<T>(byGroup: Map<string, Cell<T>> | undefined, { group, name }: Asked): T | undefined {
  if (byGroup === undefined) return undefined;
  return inCell(byGroup.get(group), name) ?? inCell(byGroup.get('*'), name);
}

const inCell = <T>(cell: Cell<T> | undefined, name: string): T | undefined =>
  cell?.all ?? cell?.byName?.get(name);

function cellsOf<T>(entries: readonly Entry<T>[]): Cells<T> {
  const cells: Cells<T> = { byVerb: new Map(), wide: [] };
  for (const entry of entries) {
    const { verbs, groups, names } = entry.rule;
    const size = (verbs?.size ?? 1) * (groups?.size ?? 1) * Math.max(1, names?.size ?? 0);
    if (size > MOST_COMBINATIONS) cells.wide.push(entry);
    else takeApart(cells.byVerb, entry);
  }
  return cells;
}

function takeApart<T>(byVerb: Cells<T>['byVerb'], { rule, value }: Entry<T>): void {
  const { verbs = EVERYTHING, groups = EVERYTHING, names } = rule;
  for (const verb of verbs) {
    const byGroup = at(byVerb, verb, () => new Map<string, Cell<T>>());
    for (const group of groups)
      addTo(
        at(byGroup, group, () => ({})),
        names,
        value,
      );
  }
}

/** Of rules that are alike the first counts. */
function addTo<T>(cell: Cell<T>, names: CompiledRule['names'], value: T): void {
  if (names === undefined) {
    cell.all ??= value;
    return;
  }
  cell.byName ??= new Map();
  for (const name of names) if (!cell.byName.has(name)) cell.byName.set(name, value);
}

function at<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
