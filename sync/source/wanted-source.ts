import { gitURLProblem, refProblem, subPathProblem } from '#api/types/git-address';
import { filledKeys, gitSecretProblem } from '#api/types/git-secret';
import type { Sync } from '#api/types/generated/sync';
import type { Secret } from '#api/types/resources';
import { GIT_SECRET_KEY } from '#api/types/workspace';
import type { GitAddress, GitIdentity } from '#git-program/git-access';
import { SyncFailure } from '../sync-failure.ts';
import type { WantedSource } from './source.ts';

/** A credential that whoever started the process has given, in place of a Secret. */
export interface GivenCredential {
  credential?: GitAddress['credential'];
  identity: GitIdentity;
}

/** Git asks for a user name; services take any one beside a token (GitHub, GitLab and Gitea say so). */
const ANY_USER = 'git';

export interface SourceInput {
  sync: Sync;
  /** The Secret that the spec names; undefined where there is no such one, or none is named. */
  secret: Secret | undefined;
  given: GivenCredential | undefined;
  isTrusted: boolean;
}

/** The source of a Sync. @throws SyncFailure InvalidSource or SecretNotFound. Pure. */
export function wantedSource({ sync, secret, given, isTrusted }: SourceInput): WantedSource {
  const { source, path } = sync.spec;
  const { url, ref, secretRef } = source;
  requireSound('spec.source.url', gitURLProblem(url));
  if (ref !== undefined) requireSound('spec.source.ref', refProblem(ref));
  if (path !== undefined) requireSound('spec.path', subPathProblem(path));
  const found = secretRef === undefined ? (given ?? { identity: {} }) : ofSecret(sync, secret);
  return { url, ref, credential: found.credential, identity: found.identity, isTrusted };
}

function requireSound(field: string, problem: string | undefined): void {
  if (problem === undefined) return;
  throw new SyncFailure('InvalidSource', `${field} ${problem}`, { isFinal: true });
}

function ofSecret({ spec, metadata }: Sync, secret: Secret | undefined): GivenCredential {
  const place = `${metadata.namespace ?? ''}/${spec.source.secretRef?.name ?? ''}`;
  const keys = secret === undefined ? undefined : filledKeys(secret);
  const problem = gitSecretProblem(spec.source.url, { field: 'spec.source.secretRef', place, keys });
  if (problem !== undefined) throw new SyncFailure('SecretNotFound', problem.message);
  const value = (key: string): string =>
    Buffer.from(secret?.data?.[key] ?? '', 'base64')
      .toString('utf8')
      .trim();
  const password = value(GIT_SECRET_KEY.password) || value(GIT_SECRET_KEY.token);
  const privateKey = value(GIT_SECRET_KEY.privateKey);
  const knownHosts = value(GIT_SECRET_KEY.knownHosts);
  return {
    ...(password === ''
      ? {}
      : { credential: { username: value(GIT_SECRET_KEY.username) || ANY_USER, password } }),
    identity: {
      credentialName: `Secret "${place}"`,
      ...(privateKey === '' ? {} : { sshKey: { privateKey, ...(knownHosts === '' ? {} : { knownHosts }) } }),
    },
  };
}
