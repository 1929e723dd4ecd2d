import { parseType, parseTypes } from '../language/cel-type.ts';
import type { CelType } from '../language/cel-type.ts';
import type { Evaluation } from '../values/evaluation.ts';
import type { Value } from '../values/value.ts';

/** What a function does with values that fit its parameters; the receiver of a member function comes first. */
export type Run = (args: readonly Value[], evaluation: Evaluation) => Value;

export interface Overload {
  readonly id: string;
  readonly fn: string;
  readonly member: boolean;
  readonly params: readonly CelType[];
  readonly result: CelType;
  readonly typeParams: readonly string[];
  readonly run: Run;
}

/** A row of a library: the id as cel-go has it (costs are kept by it), a signature, and what it does. */
export type Declaration = readonly [fn: string, id: string, signature: string, run: Run];

const SIGNATURE = /^(?:(?<receiver>[^.]+)[.])?[(](?<params>.*)[)] -> (?<result>.+)$/;

export function declare([fn, id, signature, run]: Declaration): Overload {
  const { receiver, params = '', result = '' } = SIGNATURE.exec(signature)?.groups ?? {};
  const all = receiver === undefined ? parseTypes(params) : [parseType(receiver), ...parseTypes(params)];
  const typeParams = new Set([...signature.matchAll(/\b[A-Z]\b/g)].map(([name]) => name));
  return {
    id,
    fn,
    member: receiver !== undefined,
    params: all,
    result: parseType(result),
    typeParams: [...typeParams],
    run,
  };
}
