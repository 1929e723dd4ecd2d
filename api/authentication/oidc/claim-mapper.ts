import { CREDENTIAL_ID } from '../credential-id.ts';
import type { User } from '../../machinery/users/user.ts';
import type { Value } from '../../cel/values/value.ts';
import type { PrefixedClaimOrExpression } from './authentication-configuration.ts';
import { claimsValue, textsOf, userValue } from './claim-expression.ts';
import type { ClaimExpression } from './claim-expression.ts';
import { claimOf } from './claims.ts';
import type { Claims } from './claims.ts';
import type { ValidIssuer } from './validate-configuration.ts';

/**
 * Who a token with these claims is for (apiserver plugin/pkg/authenticator/token/oidc).
 * @throws Error, in the words of kube-apiserver, where the claims give no user, or one that the rules refuse
 */
export function userOfClaims(issuer: ValidIssuer, claims: Claims): User {
  const value = claimsValue(claims);
  const user = mapClaims(issuer, { claims, value });
  checkRequiredClaims(issuer, claims);
  checkRules(issuer.claimRules, value, 'claim validation expression');
  checkRules(issuer.userRules, userValue(user), 'user info validation rule');
  return user;
}

interface ClaimsInput {
  claims: Claims;
  value: Value;
}

function mapClaims(issuer: ValidIssuer, input: ClaimsInput): User {
  const name = usernameOf(issuer, input);
  const groups = groupsOf(issuer, input);
  const uid = uidOf(issuer, input);
  const extra = extraOf(issuer, input);
  return {
    name,
    groups,
    ...(uid === undefined || uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  };
}

function usernameOf({ configuration, username }: ValidIssuer, { claims, value }: ClaimsInput): string {
  const { claim = '', prefix = '' } = configuration.claimMappings.username;
  if (username !== undefined) {
    const name = evaluate(username, value, 'username claim expression');
    if (typeof name !== 'string') throw failed('username claim expression', 'it must return a string');
    if (name === '') throw new Error('oidc: empty username via CEL expression is not allowed');
    return name;
  }
  const name = claimOf(claims, claim);
  if (typeof name !== 'string' || name === '')
    throw new Error(
      `oidc: parse username claims ${JSON.stringify(claim)}: it must be a string that is not empty`,
    );
  if (claim === 'email') demandVerified(claims);
  return prefix + name;
}

/** OpenID Connect Core 5.1: an address that the provider has not verified may be anybody's. */
function demandVerified(claims: Claims): void {
  const verified = claimOf(claims, 'email_verified');
  if (verified === undefined) return;
  if (typeof verified !== 'boolean')
    throw new Error("oidc: parse 'email_verified' claim: it must be a boolean");
  if (!verified) throw new Error('oidc: email not verified');
}

function groupsOf({ configuration, groups }: ValidIssuer, { claims, value }: ClaimsInput): string[] {
  if (groups !== undefined) return texts(groups, value, 'group claim expression');
  const { claim = '', prefix = '' }: PrefixedClaimOrExpression = configuration.claimMappings.groups ?? {};
  const given = claim === '' ? undefined : claimOf(claims, claim);
  if (given === undefined || given === null) return [];
  // Some providers have one role, as a text.
  const list: unknown[] = Array.isArray(given) ? given : [given];
  if (!list.every((one) => typeof one === 'string'))
    throw new Error(
      `oidc: parse groups claim ${JSON.stringify(claim)}: it must be a string or a list of strings`,
    );
  return list.map((one) => prefix + one);
}

function uidOf({ configuration, uid }: ValidIssuer, { claims, value }: ClaimsInput): string | undefined {
  if (uid !== undefined) {
    const found = evaluate(uid, value, 'uid claim expression');
    if (typeof found !== 'string') throw failed('uid claim expression', 'it must return a string');
    return found;
  }
  const { claim = '' } = configuration.claimMappings.uid ?? {};
  if (claim === '') return undefined;
  const found = claimOf(claims, claim);
  if (typeof found !== 'string')
    throw new Error(`oidc: parse uid claim ${JSON.stringify(claim)}: it must be a string`);
  return found;
}

function extraOf({ extra }: ValidIssuer, { claims, value }: ClaimsInput): Record<string, string[]> {
  const id = claimOf(claims, 'jti');
  const mapped = extra.map(
    ({ key, expression }) => [key, texts(expression, value, 'extra claim expression')] as const,
  );
  return Object.fromEntries([
    ...(typeof id === 'string' && id !== '' ? [[CREDENTIAL_ID, [`JTI=${id}`]] as const] : []),
    ...mapped.filter(([, values]) => values.length > 0),
  ]);
}

function checkRequiredClaims({ configuration }: ValidIssuer, claims: Claims): void {
  for (const { claim = '', requiredValue = '' } of configuration.claimValidationRules ?? []) {
    if (claim === '') continue;
    const value = claimOf(claims, claim);
    if (value === undefined) throw new Error(`oidc: required claim ${claim} not present in ID token`);
    if (value !== requiredValue) throw new Error(`oidc: required claim ${claim} value does not match`);
  }
}

function checkRules(rules: ValidIssuer['claimRules'], input: Value, what: string): void {
  for (const { expression, message } of rules) {
    const verdict = evaluate(expression, input, what);
    if (typeof verdict !== 'boolean') throw failed(what, 'validation expression must return a boolean');
    if (!verdict) throw failed(what, `validation expression '${expression.source}' failed: ${message}`);
  }
}

function texts(expression: ClaimExpression, value: Value, what: string): string[] {
  const found = evaluate(expression, value, what);
  try {
    return textsOf(found);
  } catch (error) {
    throw failed(what, (error as Error).message);
  }
}

function evaluate(expression: ClaimExpression, value: Value, what: string): Value {
  try {
    return expression.evaluate(value);
  } catch (error) {
    throw failed(what, (error as Error).message);
  }
}

const failed = (what: string, why: string): Error => new Error(`oidc: error evaluating ${what}: ${why}`);
