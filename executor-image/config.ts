import {
  IMAGE_ENVIRONMENT_IS_OWN,
  RUNNER_CONTAINER_PORT,
  RUNNER_ENV,
} from '#executor-manager/protocol/runner-environment';
import type { RunnerAddresses } from '#executor-manager/protocol/runner-environment';

export interface RunnerConfig {
  host: string;
  port: number;
  /** SHA-256 of the token, hex. */
  tokenHash: string;
  /** Folder of the runtime's workspace. */
  workspace: string;
  /** Folder for the runner's own files. */
  state: string;
  /** How many runs it may hold, when it is shared by runs that only talk; absent for a runner with a workspace. */
  conversations?: number;
  /** The addresses that it may call beside public ones; absent where its network is the agent's own. */
  addresses?: RunnerAddresses;
}

/** Throws an Error that names the variable. */
export function readRunnerConfig(env: NodeJS.ProcessEnv = process.env): RunnerConfig {
  const tokenHash = env[RUNNER_ENV.tokenHash] ?? '';
  if (!/^[0-9a-f]{64}$/.test(tokenHash)) {
    throw new Error(`${RUNNER_ENV.tokenHash} must be the SHA-256 of the token in hex`);
  }
  const port = Number(env[RUNNER_ENV.port] ?? RUNNER_CONTAINER_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`${RUNNER_ENV.port} must be a port`);
  }
  return {
    host: env[RUNNER_ENV.host] ?? '0.0.0.0',
    port,
    tokenHash,
    workspace: env[RUNNER_ENV.workspace] ?? '/workspace',
    state: env[RUNNER_ENV.state] ?? '/tmp/troupe',
    ...readConversations(env),
  };
}

/** A shared runner that is told of no addresses calls public ones only. */
function readConversations(env: NodeJS.ProcessEnv): Pick<RunnerConfig, 'addresses' | 'conversations'> {
  const text = env[RUNNER_ENV.conversations];
  if (text === undefined) return {};
  const conversations = Number(text);
  const given = env[RUNNER_ENV.addresses] ?? '{"allow":[],"controlPlane":[]}';
  const addresses = JSON.parse(given) as RunnerAddresses;
  if (Number.isInteger(conversations) && conversations > 0) return { conversations, addresses };
  throw new Error(`${RUNNER_ENV.conversations} must be a number above 0`);
}

/**
 * What a program in the sandbox may see of the runner's environment. An allow-list, since whatever is
 * added to the runner's environment later must not reach the agent by itself.
 */
const INHERITED = [
  ...['PATH', 'LANG', 'LC_ALL', 'TZ', 'TERM', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
];

export function inheritedEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(
    INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  ) as Record<string, string>;
}

/**
 * Variables that somebody's own image declares: for its agents, and never for the runner, whose programs are not the
 * image's. Throws an Error that names the variable of the runner.
 */
export function imageEnvironment(env: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const text = env[RUNNER_ENV.imageEnvironment];
  if (text === undefined) return {};
  if (text === IMAGE_ENVIRONMENT_IS_OWN) return ownVariables(env);
  const given: unknown = JSON.parse(text);
  const isTexts =
    typeof given === 'object' && given !== null && Object.values(given).every((v) => typeof v === 'string');
  if (!isTexts) throw new Error(`${RUNNER_ENV.imageEnvironment} must be a JSON object of texts`);
  return given as Record<string, string>;
}

/** Of the engine that starts the process, and of the shell: none of the image's. */
const FOREIGN = /^(TROUPE_|KUBERNETES_|HOME$|HOSTNAME$|PWD$|OLDPWD$|SHLVL$|_$)/;

function ownVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const own = Object.entries(env).filter(([name, value]) => value !== undefined && !FOREIGN.test(name));
  return Object.fromEntries(own) as Record<string, string>;
}
