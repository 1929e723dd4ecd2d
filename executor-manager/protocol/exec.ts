/**
 * Stands for the user who runs a program beside the agent (pods/exec): an engine cannot end such a program, the runner can.
 *
 *   GET /v1/execs/ID    Connection: Upgrade, Upgrade: troupe-exec, and the token as on every call
 *   101                 nothing is said in either direction. When the connection ends, for whatever reason, the program
 *                       whose environment has TROUPE_EXEC_ID=ID is hung up, as if its terminal was closed
 *
 * A manager that is killed and a machine that is gone end the connection too.
 */
export const EXEC_PROTOCOL = 'troupe-exec';

/** Of the program; what it starts inherits it. */
export const EXEC_ID_VARIABLE = 'TROUPE_EXEC_ID';

export const execPath = (id: string): string => `/v1/execs/${id}`;

const PATH = /^\/v1\/execs\/([0-9a-f-]{36})$/;

/** The id; undefined for another path. */
export function readExecPath(path: string): string | undefined {
  return PATH.exec(path)?.[1];
}
