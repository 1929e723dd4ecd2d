import type { StepAction } from '../tasks/step-action.ts';
import { isCredentialText } from './credential.ts';
import { isSecretVariable } from './shell-credentials.ts';

/**
 * The fields of an action that certainly hold a credential in plain sight, relative to it: a header takes one from a Secret,
 * and nothing else takes any. The text of an action is in the plan of each Task, and in its Sandboxes.
 */
export function credentialsInAction({ script, http }: StepAction): string[] {
  const ofVariables = Object.entries(script?.env ?? {})
    .filter(([name, value]) => isSecretValue(name, value))
    .map(([name]) => `script.env.${name}`);
  const ofHeaders = (http?.headers ?? []).flatMap(({ name, value = '' }, index) =>
    isSecretHeader(name, value) ? [`http.headers[${index}].value`] : [],
  );
  return [...ofVariables, ...(hasSecretQuery(http?.url ?? '') ? ['http.url'] : []), ...ofHeaders];
}

/** Values of placeholders come from elsewhere. */
const isLiteral = (value: string): boolean => value !== '' && !value.includes('{{');

const isSecretValue = (name: string, value: string): boolean =>
  isLiteral(value) && isSecretVariable(name, value);

const SECRET_HEADER = /(?:^|-)(?:token|secret|password|api-?key)$/i;

const isSecretHeader = (name: string, value: string): boolean =>
  isLiteral(value) && (SECRET_HEADER.test(name) || isCredentialText(value));

function hasSecretQuery(url: string): boolean {
  const [, query = ''] = /^[^?#]*\?([^#]*)/.exec(url) ?? [];
  return query.split('&').some((pair) => {
    const [name = '', ...value] = pair.split('=');
    return isSecretValue(name.replaceAll('-', '_'), value.join('='));
  });
}
