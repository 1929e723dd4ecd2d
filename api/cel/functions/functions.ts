import { declare } from './function-declaration.ts';
import type { Overload } from './function-declaration.ts';
import { KUBERNETES } from './kubernetes-functions.ts';
import { LISTS } from './list-functions.ts';
import { STANDARD } from './standard-functions.ts';
import { STRINGS } from './string-functions.ts';
import { TIMES } from './time-functions.ts';

/** Every function a rule may call (apiserver pkg/cel/environment/base.go, without the authorizer). */
const byName = new Map<string, Overload[]>();

for (const declaration of [...STANDARD, ...STRINGS, ...TIMES, ...LISTS, ...KUBERNETES]) {
  const overload = declare(declaration);
  const known = byName.get(overload.fn);
  if (known === undefined) byName.set(overload.fn, [overload]);
  else known.push(overload);
}

export function findFunction(name: string): readonly Overload[] | undefined {
  return byName.get(name);
}
