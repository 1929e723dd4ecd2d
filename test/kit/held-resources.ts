/** Databases that tests of this process made and did not remove yet. */
export const madeDatabases = new Set<string>();

/**
 * Counts of what this process holds and a test file has to give back: servers that listen, child processes, databases,
 * and what is removed at the exit of the process only (temporary folders, processes that were started).
 */
export function heldResources(): Record<string, number> {
  const active = process.getActiveResourcesInfo();
  const count = (name: string): number => active.filter((one) => one === name).length;
  return {
    'servers that listen': count('TCPServerWrap') + count('PipeServerWrap'),
    'child processes': count('ProcessWrap'),
    databases: madeDatabases.size,
    'temporary folders or processes': process.listenerCount('exit'),
  };
}
