import type { GitAddress, GitIdentity } from '#git-program/git-access';

/** Where the manifests of a Sync come from, with what shows who asks for them. */
export interface WantedSource {
  /** As in the spec: a URL, or user@host:path. */
  url: string;
  ref: string | undefined;
  credential: GitAddress['credential'];
  identity: GitIdentity;
  /** Whether the address was given by whoever runs the process: then it may be a file, or of a network that is closed to others. */
  isTrusted: boolean;
}

/** A revision on the disk. */
export interface FetchedSource {
  /** Not to be written to. */
  folder: string;
  /** `main@sha1:6b9a…` of a repository, `sha256:…` of a folder. */
  revision: string;
}

/** How sources are fetched for one Sync. */
export interface SourceContext {
  /** A folder of its own, which is there. */
  folder: string;
  /** Variables for git. */
  environment: Readonly<Record<string, string>>;
  signal: AbortSignal;
}
