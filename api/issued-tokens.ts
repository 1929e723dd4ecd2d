import type { ServerTokens } from './authentication/tokens.ts';
import type { KeysOfFile } from './data-folder/signing-keys/signing-keys.ts';
import { createProcessIdentities } from './process-identities.ts';
import type { ProcessIdentities, ProcessIdentityOptions } from './process-identities.ts';
import { startTokenSecrets } from './registry/service-accounts/token-secrets.ts';
import type { ObjectStore } from './storage/contract/objects.ts';

export interface IssuedTokenOptions extends ProcessIdentityOptions {
  store: ObjectStore;
  keys: Pick<KeysOfFile, 'onChange'>;
  tokens: ServerTokens;
  /** Of tokens in Secrets. */
  maxTokenSeconds: number;
}

/** The tokens that the server keeps fresh by itself: those of processes beside it, and those in Secrets. */
export async function startIssuedTokens(
  options: IssuedTokenOptions,
): Promise<{ identities: ProcessIdentities; stop(): Promise<void> }> {
  const { keys, tokens, maxTokenSeconds } = options;
  const secrets = await startTokenSecrets({
    ...options,
    lifeSeconds: maxTokenSeconds,
    isSigned: async (token) => (await tokens.reviewToken(token, []).catch(() => undefined)) !== undefined,
  });
  const identities = createProcessIdentities(options);
  // Tokens of keys that are gone have ended.
  const forget = keys.onChange(() => {
    identities.renew();
    secrets.renew();
  });
  return {
    identities,
    async stop() {
      forget();
      await secrets.stop();
      await identities.stop();
    },
  };
}
