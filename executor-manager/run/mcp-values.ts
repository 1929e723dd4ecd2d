import { isJsonObject } from '#api/machinery/json/json';

/** Fields of an MCP server whose values may be secret, so that objects hold them empty. */
const SECRET_FIELDS: ReadonlySet<string> = new Set(['env', 'headers']);

type Servers = Record<string, Record<string, unknown>>;

/**
 * The servers of a Sandbox, with the values that were left out of them put back from the Ghost's. Only what
 * was left out is taken: everything else stays as it was when the Task began.
 */
export function withRealValues(servers: Servers, real: Servers): Servers {
  return Object.fromEntries(
    Object.entries(servers).map(([name, server]) => {
      const source = Object.hasOwn(real, name) ? (real[name] ?? {}) : {};
      return [name, fillServer(server, source)];
    }),
  );
}

function fillServer(server: Record<string, unknown>, real: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(server).map(([field, value]) => {
      // An address or a token that was left out altogether.
      if (value === '' && Object.hasOwn(real, field)) return [field, real[field]];
      if (field === 'args') return [field, fillArguments(value, real[field])];
      if (!isJsonObject(value)) return [field, value];
      const source = isJsonObject(real[field]) ? real[field] : {};
      return [field, SECRET_FIELDS.has(field) ? fillValues(value, source) : fillServer(value, source)];
    }),
  );
}

/** By position, and only while the Ghost still has as many: another list may mean another program. */
function fillArguments(args: unknown, real: unknown): unknown {
  if (!Array.isArray(args) || !Array.isArray(real) || args.length !== real.length) return args;
  return args.map((arg: unknown, index) => (arg === '' ? (real[index] as unknown) : arg));
}

function fillValues(values: Record<string, unknown>, real: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [
      key,
      value === '' && Object.hasOwn(real, key) ? real[key] : value,
    ]),
  );
}
