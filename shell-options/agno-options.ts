import { InvalidOption } from './invalid-option.ts';

const MODES = ['coordinate', 'route', 'broadcast', 'tasks'] as const;

/** A team within one run: the agent of the Bot leads it. */
export interface AgnoTeam {
  mode: (typeof MODES)[number];
  members: AgnoMember[];
  /** Rounds of a team in mode `tasks`. */
  maxIterations: number;
}

export interface AgnoMember {
  name: string;
  /** Its field of work: by this the leader chooses. */
  role?: string;
  instructions?: string;
  /** Another model of the same service. */
  model?: string;
}

/** Shell.spec.options of a Shell of type Agno. */
export interface AgnoOptions {
  team?: AgnoTeam;
  /** Turns of the session that the model is told; 10 when absent. */
  historyRuns: number;
  /** Whether the agent keeps what it learns about its user, for later runs of the session. */
  memory: boolean;
  /** Whether it has tools for files and a shell; true when absent. */
  tools: boolean;
}

const MOST_MEMBERS = 20;
const KNOWN = ['mode', 'members', 'maxIterations', 'historyRuns', 'memory', 'tools'];
const KNOWN_OF_MEMBER = ['name', 'role', 'instructions', 'model'];

/** @throws InvalidOption */
export function readAgnoOptions(options: Record<string, unknown> = {}): AgnoOptions {
  onlyKnown(options, KNOWN, 'options');
  const { mode, members, maxIterations, historyRuns, memory, tools } = options;
  if ((mode === undefined) !== (members === undefined)) {
    throw wrong('options', 'a team needs both mode and members');
  }
  return {
    ...(members === undefined ? {} : { team: readTeam(mode, members, maxIterations) }),
    historyRuns: readCount(historyRuns, 'options.historyRuns', 10),
    memory: readFlag(memory, 'options.memory', false),
    tools: readFlag(tools, 'options.tools', true),
  };
}

function readTeam(mode: unknown, members: unknown, maxIterations: unknown): AgnoTeam {
  const known = MODES.find((name) => name === mode);
  if (known === undefined) throw wrong('options.mode', `must be one of ${MODES.join(', ')}`);
  if (!Array.isArray(members) || members.length === 0 || members.length > MOST_MEMBERS) {
    throw wrong('options.members', `must be a list of 1 to ${MOST_MEMBERS}`);
  }
  const read = members.map(readMember);
  const names = new Set(read.map(({ name }) => name.toLowerCase()));
  if (names.size < read.length) throw wrong('options.members', 'must have names of their own');
  return {
    mode: known,
    members: read,
    maxIterations: readCount(maxIterations, 'options.maxIterations', 10),
  };
}

function readMember(value: unknown, index: number): AgnoMember {
  const at = `options.members[${index}]`;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(at, 'must be an object');
  const member = value as Record<string, unknown>;
  onlyKnown(member, KNOWN_OF_MEMBER, at);
  for (const [field, text] of Object.entries(member)) {
    if (typeof text !== 'string' || text === '') throw wrong(`${at}.${field}`, 'must be a text');
  }
  if (member['name'] === undefined) throw wrong(`${at}.name`, 'is required');
  return member as unknown as AgnoMember;
}

/** @throws InvalidOption for a field of another name */
export function onlyKnown(value: Record<string, unknown>, known: readonly string[], at: string): void {
  const other = Object.keys(value).find((field) => !known.includes(field));
  if (other === undefined) return;
  const choice = known.length === 0 ? 'a Shell of this type has no options' : `known: ${known.join(', ')}`;
  throw wrong(`${at}.${other}`, `is not known; ${choice}`);
}

function readCount(value: unknown, at: string, usual: number): number {
  if (value === undefined) return usual;
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 1000) return Number(value);
  throw wrong(at, 'must be a whole number of 0 to 1000');
}

function readFlag(value: unknown, at: string, usual: boolean): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? usual;
  throw wrong(at, 'must be true or false');
}

const wrong = (field: string, problem: string): InvalidOption => new InvalidOption(field, problem);
