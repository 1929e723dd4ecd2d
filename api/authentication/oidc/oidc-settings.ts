import type { AuthenticationConfiguration } from './authentication-configuration.ts';

/** One issuer as the flags `--oidc-…` of kube-apiserver have it. */
export interface OidcSettings {
  issuerURL: string;
  clientID: string;
  /** PEM file; absent: the authorities of the system. */
  caFile?: string;
  usernameClaim: string;
  /** '': the issuer and `#`, but for addresses of mail; `-`: none. */
  usernamePrefix: string;
  groupsClaim?: string;
  groupsPrefix: string;
  requiredClaims: Readonly<Record<string, string>>;
  signingAlgorithms: readonly string[];
}

/**
 * The same as a configuration (kubernetes pkg/kubeapiserver/options/authentication.go).
 * @param certificateAuthority what `caFile` holds
 */
export function configurationOf(
  settings: OidcSettings,
  certificateAuthority: string | undefined,
): AuthenticationConfiguration {
  const { issuerURL, clientID, usernameClaim, groupsClaim, groupsPrefix, requiredClaims } = settings;
  const rules = Object.entries(requiredClaims).map(([claim, requiredValue]) => ({ claim, requiredValue }));
  return {
    jwt: [
      {
        issuer: {
          url: issuerURL,
          audiences: [clientID],
          ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
        },
        claimValidationRules: rules,
        claimMappings: {
          username: { claim: usernameClaim, prefix: usernamePrefixOf(settings) },
          ...(groupsClaim === undefined ? {} : { groups: { claim: groupsClaim, prefix: groupsPrefix } }),
        },
      },
    ],
  };
}

function usernamePrefixOf({ issuerURL, usernameClaim, usernamePrefix }: OidcSettings): string {
  if (usernamePrefix === '-') return '';
  return usernamePrefix === '' && usernameClaim !== 'email' ? `${issuerURL}#` : usernamePrefix;
}
