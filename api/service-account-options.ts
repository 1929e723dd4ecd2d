import { keysURLOf } from './server/service-account-issuer-routes.ts';

/** The settings of tokens of ServiceAccounts that operators give. */
export interface ServiceAccountOptions {
  /** File of the signing keys; default: one in the data folder, which is made and whose keys are rotated. */
  keyFile?: string;
  /** The `iss` of tokens, URLs; the first one is that of new tokens, tokens of the others are still good. */
  issuers?: readonly string[];
  /** Under which names this server is meant; default: the issuers. */
  audiences?: readonly string[];
  /** The longest life of a token. */
  maxTokenSeconds?: number;
}

export interface CompiledServiceAccountOptions {
  readonly keys: Readonly<{ file: string; mayMake: boolean }>;
  readonly issuers: readonly [string, ...string[]];
  /** Where others find the public keys. */
  readonly keysURL: string;
  readonly audiences: readonly string[];
  readonly maxTokenSeconds: number;
}

/**
 * One name for all servers whose operator gives them none: tokens stay good when an address changes. Nobody can look keys
 * up under it, so whoever wants that gives the server's own URL.
 */
export const DEFAULT_ISSUER = 'https://troupe.internal';
const YEAR_S = 365 * 24 * 60 * 60;
const MIN_SECONDS = 60 * 60;

/** @throws Error, for a person */
export function compileServiceAccountOptions(
  options: ServiceAccountOptions = {},
  { file, advertiseURL }: { file: string; advertiseURL: string | undefined },
): CompiledServiceAccountOptions {
  const { keyFile, issuers = [], maxTokenSeconds = YEAR_S } = options;
  const [issuer = DEFAULT_ISSUER, ...older] = issuers;
  for (const one of [issuer, ...older]) checkIssuer(one);
  if (maxTokenSeconds < MIN_SECONDS || maxTokenSeconds > 2 ** 32) {
    throw new Error(
      'tokens of ServiceAccounts must be good for 1 hour at least, and for 2^32 seconds at most',
    );
  }
  return Object.freeze({
    keys: Object.freeze({ file: keyFile ?? file, mayMake: keyFile === undefined }),
    issuers: Object.freeze([issuer, ...older] as const),
    keysURL: keysURLOf(advertiseURL ?? issuer),
    audiences: Object.freeze([...(options.audiences ?? [issuer, ...older])]),
    maxTokenSeconds,
  });
}

/** OpenID Connect Discovery 1.0, section 3. */
function checkIssuer(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' && url.search === '' && url.hash === '') return;
  throw new Error(
    `the issuer of tokens of ServiceAccounts must be a URL such as ${DEFAULT_ISSUER}, not ${text}`,
  );
}
