import type { StatusCause } from '../../machinery/status-error.ts';
import { isJsonObject } from '../../machinery/json/json.ts';
import { MapList } from './correlation.ts';
import type { Correlation } from './correlation.ts';
import { EvaluationError } from '../values/evaluation-error.ts';
import type { FieldLocation } from './field-location.ts';
import { defaultMessage, ruleText, unjudged, violation } from './rule-causes.ts';
import type { NodeRule, RuleNode } from './rule-tree.ts';
import { OptionalValue } from '../values/value.ts';
import type { Value } from '../values/value.ts';

/** A node of an object while its rules are run. */
interface Place {
  readonly node: RuleNode;
  readonly value: unknown;
  /** The stored value that this one replaces; undefined where there is none, or none can be told. */
  readonly old: unknown;
  readonly at: FieldLocation;
  readonly ratchet: Ratchet;
}

/** Whether the place, or else the nearest one above it that has an old value, is as it was. */
export interface Ratchet {
  readonly current: Correlation | undefined;
  readonly parent: Correlation | undefined;
}

const OUT_OF_BUDGET =
  'validation failed due to running out of cost budget, no further validation rules will be run';
/** About a second; most rules need next to none of it. */
const OBJECT_WORK = 20_000_000;
const MAX_MESSAGE_BYTES = 5 * 1024;

/** Runs rules over an object (apiextensions-apiserver schema/cel/validation.go) until the budget is spent. */
export class RuleRun {
  readonly causes: StatusCause[] = [];
  #budget: number;
  #work = OBJECT_WORK;

  constructor(budget: number) {
    this.#budget = budget;
  }

  /** What is left; negative when it ran out. */
  get remaining(): number {
    return this.#budget;
  }

  get isOver(): boolean {
    return this.#budget < 0;
  }

  visit(place: Place): void {
    const { node, value } = place;
    if (value === null || value === undefined) return;
    this.#runRules(place);
    if (this.isOver) return;
    if (Array.isArray(value)) this.#visitItems(place, value);
    else if (isJsonObject(value) && (node.values !== undefined || node.properties.size > 0))
      this.#visitFields(place, value);
  }

  #visitItems({ node, old, at, ratchet }: Place, items: readonly unknown[]): void {
    if (node.items === undefined) return;
    const oldItems = new MapList(node.schema, old);
    for (const [index, value] of items.entries()) {
      const correlation = indexOf(ratchet, index);
      this.visit({
        node: node.items,
        value,
        old: oldItems.get(value),
        at: at.key(index),
        ratchet: correlation,
      });
      if (this.isOver) return;
    }
  }

  #visitFields({ node, old, at, ratchet }: Place, object: Record<string, unknown>): void {
    const before = isJsonObject(old) ? old : {};
    for (const [key, value] of Object.entries(object)) {
      const child = node.properties.get(key) ?? node.values;
      if (child === undefined) continue;
      const location = node.properties.has(key) ? at.child(key) : at.key(key);
      const oldValue = Object.hasOwn(before, key) ? before[key] : undefined;
      this.visit({ node: child, value, old: oldValue, at: location, ratchet: keyOf(ratchet, key) });
      if (this.isOver) return;
    }
  }

  #runRules(place: Place): void {
    const { node, at } = place;
    if (node.error !== undefined)
      this.#add(unjudged(at.toString(), node.schema, `rule compiler initialization error: ${node.error}`));
    if (node.rules.length === 0) return;
    if (this.#budget <= 0) return this.#stop(place, OUT_OF_BUDGET);
    const values = new PlaceValues(place);
    for (const rule of node.rules) {
      this.#runRule(place, rule, values);
      if (this.isOver) return;
    }
  }

  #runRule(place: Place, rule: NodeRule, values: PlaceValues): void {
    const { node, at, old } = place;
    if (rule.condition === undefined) {
      this.#add(unjudged(at.toString(), node.schema, `rule compile error: ${rule.error}`));
      return;
    }
    const { usesOldSelf } = rule.condition.checked;
    const isOptional = rule.rule.optionalOldSelf === true;
    // Transition rules need something to come from.
    if (usesOldSelf && (old === undefined || old === null) && !isOptional) return;
    const outcome = rule.condition.run(values.variables(usesOldSelf, isOptional), this.#work);
    this.#work -= outcome.work;
    if (outcome.cost > this.#budget) return this.#stop(place, OUT_OF_BUDGET);
    this.#budget -= outcome.cost;
    if (outcome.error !== undefined) return this.#addError(place, rule, outcome.error);
    if (outcome.value !== true) this.#addViolation(place, rule, values);
  }

  #addError(place: Place, { rule }: NodeRule, error: string): void {
    const text = ruleText(rule);
    if (error.startsWith('operation cancelled: actual cost limit exceeded'))
      return this.#stop(
        place,
        `'${error}': no further validation rules will be run due to call cost exceeds limit for rule: ${text}`,
      );
    const detail = error.startsWith('no such overload')
      ? `'${error}': call arguments did not match a supported operator, function or macro signature for rule: ${text}`
      : `${error} evaluating rule: ${text}`;
    this.#add(unjudged(place.at.toString(), place.node.schema, detail));
  }

  #addViolation(place: Place, rule: NodeRule, values: PlaceValues): void {
    const location = rule.path === undefined ? place.at : place.at.child(rule.path);
    const usesOldSelf = rule.condition?.checked.usesOldSelf === true;
    const told = this.#tell(rule, values);
    if (told?.fatal !== undefined) {
      this.#budget = -1;
      if (usesOldSelf || !isUnchanged(place.ratchet))
        this.#add(unjudged(location.toString(), place.node.schema, told.fatal));
      return;
    }
    if (!usesOldSelf && isUnchanged(place.ratchet)) return;
    const { value, node } = place;
    const detail = told?.text ?? defaultMessage(rule.rule);
    this.#add(violation(location.toString(), { value, schema: node.schema, rule: rule.rule }, detail));
  }

  /** The messageExpression; undefined when there is none or it fails, which the author's message makes good. */
  #tell({ message, rule }: NodeRule, values: PlaceValues): { text?: string; fatal?: string } | undefined {
    if (message === undefined) return undefined;
    const variables = values.variables(message.checked.usesOldSelf, rule.optionalOldSelf === true);
    const outcome = message.run(variables, this.#work);
    this.#work -= outcome.work;
    if (outcome.cost > this.#budget)
      return {
        fatal:
          'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run',
      };
    if (outcome.error?.startsWith('operation cancelled') === true)
      return {
        fatal: `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(rule.messageExpression)}`,
      };
    this.#budget -= outcome.cost;
    const text = typeof outcome.value === 'string' ? outcome.value.trim() : '';
    const usable = text !== '' && Buffer.byteLength(text) <= MAX_MESSAGE_BYTES && !text.includes('\n');
    return usable ? { text } : undefined;
  }

  #stop({ node, at }: Place, detail: string): void {
    this.#add(unjudged(at.toString(), node.schema, detail));
    this.#budget = -1;
  }

  #add(cause: StatusCause): void {
    this.causes.push(cause);
  }
}

function isUnchanged({ current, parent }: Ratchet): boolean {
  return (current ?? parent)?.unchanged === true;
}

function keyOf(ratchet: Ratchet, key: string): Ratchet {
  if (ratchet.current === undefined) return ratchet;
  // Both states are shown in one version, so these never differ.
  if (ratchet.parent === undefined && (key === 'apiVersion' || key === 'kind')) return NOTHING;
  return { current: ratchet.current.key(key), parent: ratchet.current };
}

function indexOf(ratchet: Ratchet, index: number): Ratchet {
  if (ratchet.current === undefined) return ratchet;
  return { current: ratchet.current.index(index), parent: ratchet.current };
}

export const NOTHING: Ratchet = { current: undefined, parent: undefined };

/** self and oldSelf of a place, made when the first rule there asks. */
class PlaceValues {
  readonly #place: Place;
  #self: Value | undefined;
  #oldSelf: Value | undefined;

  constructor(place: Place) {
    this.#place = place;
  }

  variables(usesOldSelf: boolean, isOptional: boolean): readonly [Value, Value] {
    const { node, value, old } = this.#place;
    this.#self ??= converted(() => node.convert(value));
    if (!usesOldSelf) return [this.#self, null];
    const hasOld = old !== undefined && old !== null;
    if (hasOld) this.#oldSelf ??= converted(() => node.convert(old));
    if (!isOptional) return [this.#self, this.#oldSelf ?? null];
    return [this.#self, hasOld ? new OptionalValue(this.#oldSelf ?? null) : OptionalValue.none];
  }
}

/** What does not fit its schema is an error to whatever names it. */
function converted(convert: () => Value): Value {
  try {
    return convert();
  } catch (error) {
    if (error instanceof EvaluationError) return error as unknown as Value;
    throw error;
  }
}
