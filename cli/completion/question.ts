import type { Argument, Command, Option } from 'commander';

export interface Candidate {
  value: string;
  description?: string;
}

/** The kinds of words that may stand where the cursor is. */
export type Question =
  | { kind: 'words'; candidates: readonly Candidate[] }
  /** Names of the types of objects. */
  | { kind: 'types' }
  /** Names of objects of one type, in a word that says it (`task/`) or without. */
  | { kind: 'names'; type: string; prefix: string }
  /** Whatever the shell completes by itself. */
  | { kind: 'files' };

/** The flags of the line that name the server to ask. */
export interface Line {
  question: Question;
  flags: { kubeconfig?: string; context?: string; namespace?: string };
}

/** Arguments that are the name of an object, by how the commands call them. */
const NAMED: Readonly<Record<string, string>> = {
  task: 'tasks',
  team: 'teams',
  executor: 'executors',
  approval: 'approvals',
};
/** Those of which people may say the type, too, or have to. */
const PAIRS: Readonly<Record<string, readonly string[]>> = {
  target: ['team/'],
  'type/name': ['task/', 'team/', 'collaboration/'],
};

/** Reads a line up to the word that is being written, which is the last one and may be empty. */
export function readLine(program: Command, words: readonly string[]): Line {
  const current = words.at(-1) ?? '';
  const flags: Record<string, string> = {};
  const values: string[] = [];
  let command = program;
  let open: Option | undefined;
  for (const word of words.slice(0, -1)) {
    if (open !== undefined) {
      flags[open.attributeName()] = word;
      open = undefined;
    } else if (word.startsWith('-')) {
      const [name = '', value] = word.split('=', 2);
      const option = command.options.find(({ long, short }) => long === name || short === name);
      if (option === undefined || !takesValue(option)) continue;
      if (value === undefined) open = option;
      else flags[option.attributeName()] = value;
    } else {
      const next = values.length === 0 ? subcommand(command, word) : undefined;
      if (next === undefined) values.push(word);
      else command = next;
    }
  }
  const question = open !== undefined ? ofOption(open) : ofCommand(command, values, current);
  return { question, flags };
}

const takesValue = (option: Option): boolean => option.required || option.optional;

const subcommand = (command: Command, word: string): Command | undefined =>
  command.commands.find((one) => one.name() === word || one.aliases().includes(word));

function ofOption(option: Option): Question {
  if (option.argChoices !== undefined) return wordsOf(option.argChoices);
  if (option.long === '--namespace') return { kind: 'names', type: 'namespaces', prefix: '' };
  if (option.long === '--workspace') return { kind: 'names', type: 'workspaces', prefix: '' };
  return { kind: 'files' };
}

function ofCommand(command: Command, values: readonly string[], current: string): Question {
  const help = command.createHelp();
  if (current.startsWith('-')) {
    const options = help.visibleOptions(command).filter(({ long }) => long !== undefined);
    const candidates = options.map(({ long, description }) => ({ value: long ?? '', description }));
    return { kind: 'words', candidates };
  }
  const [first] = command.registeredArguments;
  if (first === undefined && command.commands.length > 0 && values.length === 0) {
    const commands = help.visibleCommands(command);
    const candidates = commands.map((one) => ({ value: one.name(), description: one.description() }));
    return { kind: 'words', candidates };
  }
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[values.length] ?? (last?.variadic === true ? last : undefined);
  return argument === undefined ? wordsOf([]) : ofArgument(argument, values, current);
}

function ofArgument(argument: Argument, [type]: readonly string[], current: string): Question {
  const name = argument.name();
  if (argument.argChoices !== undefined) return wordsOf(argument.argChoices);
  const [said, ...rest] = current.split('/');
  const pairs = PAIRS[name];
  if (said !== undefined && rest.length > 0 && (name === 'type' || pairs !== undefined || isNamed(name))) {
    return { kind: 'names', type: said, prefix: `${said}/` };
  }
  if (pairs !== undefined) return wordsOf(pairs);
  const named = NAMED[name];
  if (named !== undefined) return { kind: 'names', type: named, prefix: '' };
  if (name === 'type') return { kind: 'types' };
  if (name === 'name' && type !== undefined) return { kind: 'names', type, prefix: '' };
  return { kind: 'files' };
}

const isNamed = (name: string): boolean => NAMED[name] !== undefined;

const wordsOf = (values: readonly string[]): Question => ({
  kind: 'words',
  candidates: values.map((value) => ({ value })),
});
