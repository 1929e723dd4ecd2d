import path from 'node:path';
import { kubeconfigText } from './data-folder/kubeconfig.ts';
import { writePrivateFile } from './data-folder/private-file.ts';
import type { Clock } from './machinery/clock.ts';
import { describeError } from './machinery/logger.ts';
import type { Logger } from './machinery/logger.ts';
import type { ProcessAccount } from './machinery/users/process-account.ts';
import { startRounds } from './machinery/rounds.ts';
import { isStatusError } from './machinery/status-error.ts';
import { API_SERVER_USER } from './machinery/users/user.ts';
import type { Registry } from './registry/registry.ts';
import { storageResource } from './registry/resource.ts';
import type { Target } from './registry/resource.ts';
import type { TokenRequests } from './registry/service-accounts/token-request.ts';

export interface ProcessIdentities {
  /**
   * The kubeconfig of a process, in the data folder. Its account is made where it is missing, and its token is renewed
   * until `stop`.
   */
  kubeconfigOf(account: ProcessAccount): Promise<string>;
  /** Renews all tokens now: those that are there may have ended. */
  renew(): void;
  stop(): Promise<void>;
}

export interface ProcessIdentityOptions {
  registry: Registry;
  tokenRequests: TokenRequests;
  /** Holds a folder for each account. */
  folder: string;
  /** Of the server, for the kubeconfigs. */
  url: string;
  /** PEM. */
  caCertificate: string;
  clock: Clock;
  logger: Logger;
}

/** Who copies a token has it for so long. */
const LIFE_S = 60 * 60;
/** An account that somebody deleted is made again, so that its process works on. */
const RENEW_MS = 10 * 60 * 1000;

/**
 * Identities of processes that share the data folder: each has a ServiceAccount with the rights that it needs, and a
 * short token that this server renews, in place of the token of the owner.
 */
export function createProcessIdentities(options: ProcessIdentityOptions): ProcessIdentities {
  const { clock, logger, folder } = options;
  const kept = new Map<string, ProcessAccount>();
  let renewing: Promise<void> = Promise.resolve();
  const renewAll = async (): Promise<void> => {
    for (const account of kept.values()) {
      try {
        await writeToken(options, account);
      } catch (error) {
        // The token that it has is good for some more rounds.
        logger.warn('the token of a process could not be renewed', {
          ...account,
          error: describeError(error),
        });
      }
    }
  };
  const renew = (): Promise<void> => (renewing = renewing.then(renewAll));
  const rounds = startRounds({
    pause: () => RENEW_MS,
    round: renew,
    failure: 'the tokens of processes could not be renewed',
    clock,
    logger,
  });
  return {
    async kubeconfigOf(account) {
      await writeToken(options, account);
      const file = path.join(folderOf(folder, account), 'kubeconfig');
      const { url, caCertificate } = options;
      await writePrivateFile(file, kubeconfigText({ url, caCertificate, user: { tokenFile: TOKEN_FILE } }));
      kept.set(path.join(account.namespace, account.name), account);
      return file;
    },
    renew: () => void renew(),
    async stop() {
      await rounds.stop();
      await renewing;
    },
  };
}

const TOKEN_FILE = 'token';

const folderOf = (folder: string, { namespace, name }: ProcessAccount): string =>
  path.join(folder, namespace, name);

async function writeToken(options: ProcessIdentityOptions, account: ProcessAccount): Promise<void> {
  const target = accountTarget(options.registry, account);
  await ensureAccount(options.registry, target);
  const request = { spec: { expirationSeconds: LIFE_S } };
  const { object } = await options.tokenRequests.create(target, request, WRITE);
  const { token } = object.object['status'] as { token: string };
  await writePrivateFile(path.join(folderOf(options.folder, account), TOKEN_FILE), `${token}\n`);
}

const WRITE = { dryRun: false, fieldValidation: 'Strict', user: API_SERVER_USER } as const;

function accountTarget({ catalog }: Registry, account: ProcessAccount): Target {
  const resource = catalog.current().find((one) => storageResource(one) === 'serviceaccounts');
  if (resource === undefined) throw new Error('the kind ServiceAccount is not defined');
  return { resource, ...account };
}

/** Several replicas may do so at once. */
async function ensureAccount(registry: Registry, { resource, namespace, name }: Target): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } };
  try {
    await registry.create({ resource, namespace, body, ...WRITE });
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
}
