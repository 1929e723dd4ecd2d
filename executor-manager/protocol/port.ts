/**
 * A connection to a port inside a runtime, on its loopback interface, where services listen that are for the agent alone:
 *
 *   GET /v1/ports/PORT    Connection: Upgrade, Upgrade: troupe-port, and the token as on every call
 *   101                   from here on the connection is that to the port
 *   502                   nobody listens there; the body is a text for people
 */
export const PORT_PROTOCOL = 'troupe-port';

export const portPath = (port: number): string => `/v1/ports/${port}`;

const PATH = /^\/v1\/ports\/([1-9]\d{0,4})$/;

/** Undefined for another path. */
export function readPortPath(path: string): number | undefined {
  const [, text] = PATH.exec(path) ?? [];
  const port = Number(text);
  return text !== undefined && port < 65_536 ? port : undefined;
}
