import { CliError } from '../error-text.ts';
import type { Session } from '../session.ts';
import { parseTargets } from '../targets.ts';
import type { TeamRef } from './team-history.ts';

/** The one Team that a command is about: `team/NAME` or `team NAME`. @throws CliError for anything else */
export async function teamTarget(session: Session, words: readonly string[]): Promise<TeamRef> {
  const [target, ...more] = await parseTargets(session, words);
  const [name, ...others] = target?.names ?? [];
  if (target?.resource.kind !== 'Team' || name === undefined || more.length + others.length > 0)
    throw new CliError('you must name one Team, such as team/NAME');
  return { namespace: session.namespace, name };
}
