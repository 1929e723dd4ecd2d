import type { JsonObject } from '../machinery/json/json.ts';

/** Sets a field whose name a client chose: `__proto__` becomes a field as any other. */
export function setField(object: JsonObject, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, configurable: true, enumerable: true, writable: true });
  else object[name] = value;
}
