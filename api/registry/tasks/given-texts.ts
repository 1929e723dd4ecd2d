import { badRequest } from '../../machinery/status-error.ts';

/** Those of the fields that are given. @throws StatusError BadRequest for one that is not a text, or empty */
export function givenTexts<Name extends string>(fields: Record<Name, unknown>): { [K in Name]?: string } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  for (const [field, value] of given) {
    if (typeof value !== 'string' || value === '') throw badRequest(`${field} must be a text`);
  }
  return Object.fromEntries(given) as { [K in Name]?: string };
}
