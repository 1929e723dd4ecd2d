import { accessSync, closeSync, constants, writeSync } from 'node:fs';
import { SHARED_RUNNER_PORT_FD } from '#executor-manager/protocol/runner-environment';
import { systemClock } from './clock.ts';
import { imageEnvironment, inheritedEnvironment, readRunnerConfig } from './config.ts';
import type { RunnerConfig } from './config.ts';
import { withDirectLoopback } from './model-access/direct-loopback.ts';
import type { TunnelledModelAccess } from './model-access/model-access.ts';
import { startRunnerServer } from './server/runner-server.ts';
import type { SkillShelf } from './skills/skill-shelf.ts';
import { removeState } from './state-folder.ts';
import { withToolsFirst, withToolsLast } from './toolbox.ts';
import type { RunnerServer } from './server/runner-server.ts';

let access: Promise<TunnelledModelAccess> | undefined;

/** Loaded with the first run, or its tunnel, whichever comes first. */
function modelAccess(): Promise<TunnelledModelAccess> {
  access ??= import('./model-access/model-access.ts').then(
    ({ TunnelledModelAccess }) => new TunnelledModelAccess(),
  );
  return access;
}

/** Throws for a state folder that cannot be used: told at once, not by each run that cannot begin. */
function usableConfig(): RunnerConfig {
  const config = readRunnerConfig();
  if (config.conversations !== undefined) accessSync(config.state, constants.W_OK | constants.X_OK);
  return config;
}

/** The process inside a sandbox, or shared by conversations: `node runner.ts`, or one bundled file in the image. */
async function main(): Promise<void> {
  const config = usableConfig();
  const inherited = inheritedEnvironment();
  const environment = withToolsFirst(inherited);
  const agentEnvironment = withDirectLoopback(withToolsLast({ ...imageEnvironment(), ...inherited }));
  const shared = config.conversations !== undefined;
  const owner = { gone: false };
  let skills: SkillShelf | undefined;
  let forgotten: (() => void) | undefined;
  const shelfOf = async (): Promise<SkillShelf> => {
    const { SkillShelf } = await import('./skills/skill-shelf.ts');
    return (skills ??= new SkillShelf(config.state));
  };
  const server = await startRunnerServer({
    config,
    environment,
    onTunnel: (socket) => void modelAccess().then((access) => access.attach(socket)),
    startRun: async (id, request) => {
      // Loaded with the first run: the runner is ready before the adapters are read.
      const { startRun } = await import('./run/run.ts');
      const { workspace, state, addresses } = config;
      const shelf = await shelfOf();
      return startRun({
        ...{ id, request, workspace, state, environment, agentEnvironment },
        ...{ shared, ...(addresses && { addresses }), shelf, clock: systemClock },
        modelAccess: await modelAccess(),
      });
    },
    probe: async (request) => {
      const { probe } = await import('./probe/probe.ts');
      return probe(request, { environment: agentEnvironment, workspace: config.workspace });
    },
    shelf: shelfOf,
    onEmpty() {
      if (owner.gone) stop();
    },
    onCall: () => forgotten?.(),
  });
  let stopping = false;
  const stop = (how?: { silently: boolean }): void => {
    if (stopping) return;
    stopping = true;
    void server
      .close(how)
      .then(async () => (await access)?.close())
      .finally(() => {
        // That of a sandbox goes with the sandbox.
        if (shared) removeState(config.state);
        process.exit(0);
      });
  };
  // Whoever takes a sandbox away, as a node that is drained, has not cancelled its run: the manager sees the end itself.
  process.once('SIGTERM', () => stop({ silently: !shared }));
  process.once('SIGINT', () => stop());
  if (shared) serveOwner(server, owner, stop);
  else forgotten = systemClock.after(FORGOTTEN_MS, stop);
}

/** Tells the manager the port, and ends with the last run when the manager has ended. */
function serveOwner(server: RunnerServer, owner: { gone: boolean }, stop: () => void): void {
  const leave = (): void => {
    owner.gone = true;
    if (server.runs() === 0) stop();
    else stopWhenAbandoned(server, stop);
  };
  onOwnerGone(leave);
  try {
    tellPort(server);
  } catch {
    leave(); // nobody reads it: the manager has ended meanwhile
  }
}

/**
 * A manager calls the runner of a sandbox as soon as it is started. One that nobody calls is lost: its manager was killed
 * before it had noted it, or the container engine has forgotten the container. It would stay for ever.
 */
const FORGOTTEN_MS = 60_000;

/** A next manager has come long before; runs that have ended and that nobody asks for do not keep a process for ever. */
const ABANDONED_MS = 15 * 60_000;

function stopWhenAbandoned(server: RunnerServer, stop: () => void): void {
  let before = false;
  const look = async (): Promise<void> => {
    const now = await server.isAbandoned();
    // Twice in a row: a manager that comes back may just be between two calls.
    if (now && before) return stop();
    before = now;
    systemClock.after(ABANDONED_MS, () => void look());
  };
  systemClock.after(ABANDONED_MS, () => void look());
}

function tellPort({ port }: RunnerServer): void {
  writeSync(SHARED_RUNNER_PORT_FD, `${port}\n`);
  closeSync(SHARED_RUNNER_PORT_FD);
}

/** The manager holds the other end of our standard input for as long as it lives. */
function onOwnerGone(act: () => void): void {
  process.stdin.on('end', act).on('error', act).resume();
}

main().catch((error: unknown) => {
  process.stderr.write(`troupe runner: ${error instanceof Error ? error.message : String(error)}\n`);
  // It may listen already.
  process.exit(1);
});
