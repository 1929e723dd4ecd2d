import { cloneEnvironment, runGit } from '#git-program/git';
import type { ClonePlace } from '../clone/clone-git.ts';

/**
 * The environment in which git reads a clone that an agent has worked in. The clone's own configuration can name programs
 * that git would run on the way: hooks and file watchers (see gitEnvironment), and filters for the contents of files.
 * All that it names is switched off; programs that compare or convert are refused by options of `git diff`.
 */
export async function neutralEnvironment(
  { environment, home, folder, signal }: ClonePlace,
  { lfs }: { lfs: boolean },
): Promise<Record<string, string>> {
  const env = cloneEnvironment(environment, { home, folder });
  const listed = await runGit(['config', '--null', '--name-only', '--list'], { folder, signal, env });
  const off = switchedOff(listed.stdout.split('\0'));
  return withConfiguration(env, lfs ? [...off, ...LFS] : off);
}

/**
 * A clone with large files would otherwise seem to have changed each of them. Git takes `process` where it is set, an
 * empty one too, and does not look at `clean` then.
 */
const LFS: readonly Setting[] = [
  ['filter.lfs.clean', 'git-lfs clean -- %f'],
  ['filter.lfs.process', 'git-lfs filter-process'],
  ['filter.lfs.required', 'true'],
];

type Setting = readonly [name: string, value: string];

/** With an empty command nothing is run (gitattributes(5), filter). */
function switchedOff(names: readonly string[]): Setting[] {
  return [...new Set(names)].flatMap((name): Setting[] => {
    if (/^filter\..*\.(?:clean|smudge|process)$/s.test(name)) return [[name, '']];
    if (/^filter\..*\.required$/s.test(name)) return [[name, 'false']];
    return /^lfs\.extension\..*\.(?:clean|smudge)$/s.test(name) ? [[name, '']] : [];
  });
}

function withConfiguration(
  env: Record<string, string>,
  settings: readonly Setting[],
): Record<string, string> {
  const first = Number(env['GIT_CONFIG_COUNT'] ?? 0);
  const more = settings.flatMap(([name, value], index) => [
    [`GIT_CONFIG_KEY_${first + index}`, name] as const,
    [`GIT_CONFIG_VALUE_${first + index}`, value] as const,
  ]);
  return { ...env, ...Object.fromEntries(more), GIT_CONFIG_COUNT: String(first + settings.length) };
}
