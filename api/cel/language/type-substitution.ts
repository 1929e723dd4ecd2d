import { DYN, optionalOf } from './cel-type.ts';
import type { CelType } from './cel-type.ts';

/**
 * What the type parameters of one expression stand for so far (cel-go checker/types.go). A failed attempt takes its
 * steps back, so that trying overloads costs nothing per variable already known.
 */
export class TypeSubstitution {
  readonly #known = new Map<string, CelType>();
  readonly #trail: (readonly [string, CelType | undefined])[] = [];

  /** Whether the one may stand where the other is asked for; remembers what that says about type parameters. */
  assignable(to: readonly CelType[], from: readonly CelType[]): boolean {
    const before = this.#trail.length;
    if (this.#allAssignable(to, from)) {
      this.#trail.length = 0;
      return true;
    }
    this.#undo(before);
    return false;
  }

  /** The type with all that is known put in; parameters not known yet become `dyn` when asked. */
  resolve(type: CelType, unknownAsDyn = false): CelType {
    if (type.kind === 'param') {
      const known = this.#known.get(type.name);
      if (known !== undefined) return this.resolve(known, unknownAsDyn);
      return unknownAsDyn ? DYN : type;
    }
    if (type.params.length === 0) return type;
    return { ...type, params: type.params.map((param) => this.resolve(param, unknownAsDyn)) };
  }

  #undo(to: number): void {
    while (this.#trail.length > to) {
      const [name, previous] = this.#trail.pop() ?? ['', undefined];
      if (previous === undefined) this.#known.delete(name);
      else this.#known.set(name, previous);
    }
  }

  #set(param: CelType, type: CelType): void {
    this.#trail.push([param.name, this.#known.get(param.name)]);
    this.#known.set(param.name, type);
  }

  #allAssignable(to: readonly CelType[], from: readonly CelType[]): boolean {
    return (
      to.length === from.length && to.every((type, index) => this.#oneAssignable(type, from[index] ?? DYN))
    );
  }

  #oneAssignable(to: CelType, from: CelType): boolean {
    if (from.kind === 'param') {
      const { valid, known } = this.#substitutes(to, from);
      if (valid) return true;
      if (known) return false;
    }
    if (to.kind === 'param') return this.#substitutes(from, to).valid;
    if (isDynOrError(to) || isDynOrError(from)) return true;
    if (to.kind === 'null') return nullable(from);
    if (from.kind === 'null') return nullable(to);
    if (to.kind !== from.kind) return false;
    if (to.kind === 'type') return true;
    if (to.name !== from.name) return false;
    return this.#allAssignable(to.params, from.params);
  }

  #substitutes(type: CelType, param: CelType): { valid: boolean; known: boolean } {
    if (sameType(type, param)) return { valid: true, known: true };
    const known = this.#known.get(param.name);
    if (known !== undefined) {
      if (sameType(type, known)) return { valid: true, known: true };
      if (!this.#oneAssignable(type, known)) return { valid: false, known: true };
      const general = mostGeneral(type, known);
      if (!this.#refersTo(general, param)) this.#set(param, general);
      return { valid: true, known: true };
    }
    if (this.#refersTo(type, param)) return { valid: false, known: false };
    this.#set(param, type);
    return { valid: true, known: false };
  }

  #refersTo(type: CelType, param: CelType): boolean {
    if (sameType(type, param)) return true;
    if (type.kind !== 'param') return type.params.some((inner) => this.#refersTo(inner, param));
    const known = this.#known.get(type.name);
    return known !== undefined && this.#refersTo(known, param);
  }
}

export function isDynOrError(type: CelType): boolean {
  return type.kind === 'dyn' || type.kind === 'error';
}

export function sameType(a: CelType, b: CelType): boolean {
  if (a === b) return true;
  return (
    a.kind === b.kind &&
    a.name === b.name &&
    a.params.length === b.params.length &&
    a.params.every((param, index) => sameType(param, b.params[index] ?? DYN))
  );
}

/** The wider of two types that fit each other. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return lessSpecific(a, b) ? a : b;
}

function lessSpecific(a: CelType, b: CelType): boolean {
  if (a.kind === 'dyn' || a.kind === 'param') return true;
  if (b.kind === 'dyn' || b.kind === 'param' || a.kind !== b.kind) return false;
  if (a.kind === 'type') return true;
  if (a.params.length === 0 || a.params.length !== b.params.length) return sameType(a, b);
  return a.name === b.name && a.params.every((param, index) => lessSpecific(param, b.params[index] ?? DYN));
}

function nullable(type: CelType): boolean {
  return ['duration', 'null', 'object', 'opaque', 'timestamp'].includes(type.kind);
}

/** The type inside an optional, and how to put a result back into one. */
export function unwrapOptional(type: CelType): { inner: CelType; wrap: (result: CelType) => CelType } {
  if (type.name !== 'optional_type') return { inner: type, wrap: (result) => result };
  return { inner: type.params[0] ?? DYN, wrap: optionalOf };
}
