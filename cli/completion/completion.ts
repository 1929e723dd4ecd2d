import { Argument } from 'commander';
import type { Command } from 'commander';
import { discover, findResource } from '../api-resource.ts';
import type { ApiResource } from '../api-resource.ts';
import type { CliContext } from '../context.ts';
import { connect } from '../session.ts';
import { readLine } from './question.ts';
import type { Candidate, Line, Question } from './question.ts';
import { SCRIPTS, SHELLS } from './scripts.ts';
import type { Shell } from './scripts.ts';

/** So many names are offered at most: nobody reads more. */
const NAMES = 500;
/** A Tab may not hang for longer, in milliseconds. */
const PATIENCE_MS = 3000;

/** `troupe completion`: scripts for shells; and what these ask, which is hidden. */
export function register(program: Command, context: CliContext): void {
  program
    .command('completion')
    .description('print the completion script of a shell: source <(troupe completion bash)')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: Shell) => void context.data.write(SCRIPTS[shell]));
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const line = readLine(program, words);
      const text =
        line.question.kind === 'files' ? ':files\n' : linesOf(await candidates(context, line, line.question));
      // A request that hangs must not hold the shell.
      process.stdout.write(text, () => process.exit(0));
    });
}

function linesOf(found: readonly Candidate[]): string {
  // Words of a server must not be taken for another line, nor for something that a terminal obeys.
  // oxlint-disable-next-line no-control-regex -- these are what has to be left out
  const safe = found.filter(({ value }) => !/[\u0000-\u0020\u007f-\u009f]/.test(value));
  return safe
    .map(({ value, description }) => `${value}${description === undefined ? '' : `\t${description}`}\n`)
    .join('');
}

async function candidates(
  context: CliContext,
  { flags }: Line,
  question: Exclude<Question, { kind: 'files' }>,
): Promise<readonly Candidate[]> {
  if (question.kind === 'words') return question.candidates;
  const late = new Promise<never[]>((resolve) => setTimeout(() => resolve([]), PATIENCE_MS).unref());
  // A shell that completes a line has no place for an error: there is nothing to offer.
  return Promise.race([ask(context, flags, question).catch(() => []), late]);
}

async function ask(
  context: CliContext,
  flags: Line['flags'],
  question: Exclude<Question, { kind: 'files' | 'words' }>,
): Promise<readonly Candidate[]> {
  const { transport, namespace } = await connect(context, flags);
  const resources = await discover(transport);
  if (question.kind === 'types') {
    const listed = resources.filter(({ verbs }) => verbs.includes('list'));
    return listed.map(({ plural, kind }) => ({ value: plural, description: kind }));
  }
  const resource = findResource(resources, question.type);
  const answer = await transport.send({
    method: 'GET',
    path: `${pathOf(resource, flags.namespace ?? namespace)}?limit=${NAMES}`,
    accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
  });
  const { items = [] } = JSON.parse(answer.text) as { items?: { metadata: { name: string } }[] };
  return items.map(({ metadata }) => ({ value: `${question.prefix}${metadata.name}` }));
}

function pathOf({ group, version, plural, namespaced }: ApiResource, namespace: string): string {
  const root = group === '' ? '/api' : `/apis/${group}`;
  const within = namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}/${version}${within}/${plural}`;
}
