import { visibleText } from '../../machinery/visible-text.ts';
import type { TaskEvent } from './task-event.ts';

/** Turns the events of a Task into text for people, as `logs` prints it; keeps track of half-written lines. */
export interface TaskEventText {
  /** The text one more event adds; may be empty, and need not end with a newline. */
  add(event: TaskEvent): string;
  /** What is missing for the text to end with a newline. */
  end(): string;
}

export interface TaskEventTextOptions {
  /** Begin each line with the time of its event. */
  timestamps?: boolean;
  /** Show the model's reasoning too; it is left out otherwise. */
  thinking?: boolean;
  /** Show a diff's lines too, as `git apply` takes them; otherwise only what it amounts to. */
  diff?: boolean;
}

const MAX_LINE = 160;
/** Lines of a tool's output that are shown. */
const MAX_OUTPUT_LINES = 4;

/**
 * `text` parts run together as the agent wrote them; everything else is on lines of its own:
 * `# ` a step's state, `> ` a tool call, blanks a tool's output, `| ` a program's line, `? ` a question to a person, `@ ` a message of
 * one. Where agents work side by side,
 * `# SOURCE:` says whose words follow. Controls of a terminal are shown (visibleText).
 */
export function createTaskEventText(options: TaskEventTextOptions = {}): TaskEventText {
  let open = false;
  let speaker: string | undefined;
  const stamp = (event: TaskEvent): string => (options.timestamps === true ? `${event.time} ` : '');
  const close = (): string => (open ? '\n' : '');

  function stream(event: TaskEvent, text: string): string {
    if (text === '') return '';
    const start = open ? '' : stamp(event);
    const shown = visibleText(text);
    open = !shown.endsWith('\n');
    // A time belongs in front of every line that begins in this text.
    return start + shown.replaceAll(/\n(?!$)/g, `\n${stamp(event)}`);
  }

  function whole(event: TaskEvent, all: readonly string[]): string {
    if (all.length === 0) return '';
    const text = close() + all.map((line) => `${stamp(event)}${visibleText(line)}\n`).join('');
    open = false;
    return text;
  }

  /** The line that says who goes on, when that is another one; the first line of a run does so itself. */
  function heading(event: TaskEvent): string {
    const isOther = speaker !== undefined && speaker !== event.source;
    speaker = event.source;
    return isOther ? whole(event, [`# ${event.source}:`]) : '';
  }

  return {
    add(event) {
      if (event.type === 'text') {
        const text = field(event, 'text');
        return text === '' ? '' : heading(event) + stream(event, text);
      }
      const all = eventLines(event, options);
      if (all.length === 0) return '';
      if (NAMES_ITSELF.has(event.type)) {
        speaker = event.source;
        return whole(event, all);
      }
      return heading(event) + whole(event, all);
    },
    end() {
      const text = close();
      open = false;
      return text;
    },
  };
}

/** Their lines begin with the source. */
const NAMES_ITSELF: ReadonlySet<string> = new Set(['message', 'status', 'result']);

function eventLines(event: TaskEvent, options: TaskEventTextOptions): string[] {
  switch (event.type) {
    case 'status':
      return [`# ${event.source}: ${statusText(event)}`];
    case 'thinking':
      return options.thinking === true ? lines(field(event, 'text')).map((line) => `~ ${line}`) : [];
    case 'tool_call':
      return [cut(`> ${field(event, 'name')} ${inputText(event.data['input'])}`.trimEnd())];
    case 'tool_result':
      return outputLines(event);
    case 'log':
      return lines(field(event, 'text')).map((line) => `| ${line}`);
    case 'diff':
      return [...diffSummary(event), ...(options.diff === true ? lines(field(event, 'diff')) : [])];
    case 'error':
      return [`error: ${[field(event, 'reason'), field(event, 'message')].filter(Boolean).join(': ')}`];
    case 'result': {
      const message = [field(event, 'phase'), field(event, 'reason'), field(event, 'message')];
      const text = message.filter(Boolean).join(': ');
      return text === '' ? [] : [`# ${event.source}: ${text}`];
    }
    case 'request':
      return [`? ${field(event, 'message')} (${field(event, 'id')})`];
    case 'answer': {
      const words = [field(event, 'decision'), field(event, 'message')].filter(Boolean).join(': ');
      return [`? ${field(event, 'id')}: ${words}`];
    }
    case 'message':
      return lines(field(event, 'text')).map((line) => `@ ${field(event, 'from')}: ${line}`);
    case 'message_applied':
    case 'usage':
    case 'text':
      return [];
  }
}

function field(event: TaskEvent, name: string): string {
  return scalar(event.data[name]);
}

function scalar(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function statusText(event: TaskEvent): string {
  const executor = field(event, 'executor');
  const message = field(event, 'message');
  return (
    [field(event, 'phase'), executor && `on ${executor}`].filter(Boolean).join(' ') +
    (message && `: ${message}`)
  );
}

/** The first of several events has the figures of all. */
function diffSummary(event: TaskEvent): string[] {
  if (Number(event.data['part'] ?? 1) > 1) return [];
  const count = Number(event.data['filesChanged'] ?? 0);
  const at = field(event, 'headCommit').slice(0, 12) || 'no commit';
  const summary = `# ${files(count)} changed on ${field(event, 'branch')} (${at})`;
  return event.data['truncated'] === true ? [summary, leftOutText(event)] : [summary];
}

const files = (count: number): string => `${count} ${count === 1 ? 'file' : 'files'}`;

const MOST_NAMES = 10;

function leftOutText(event: TaskEvent): string {
  const { files: count, names } = (event.data['leftOut'] ?? {}) as { files?: unknown; names?: unknown };
  if (typeof count !== 'number' || !Array.isArray(names)) return '# The diff is cut off.';
  const shown = names.slice(0, MOST_NAMES).map(scalar);
  const more = count - shown.length;
  const all = `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  return `# The diff leaves out ${files(count)}, which the next step has: ${all}`;
}

/** What tools of coding agents usually act on, the most telling first. */
const TELLING = ['file_path', 'path', 'command', 'pattern', 'url', 'query', 'description', 'prompt'];

function inputText(input: unknown): string {
  if (typeof input !== 'object' || input === null) return scalar(input);
  const values = input as Record<string, unknown>;
  const telling = TELLING.map((name) => scalar(values[name])).find((text) => text !== '');
  if (telling !== undefined) return telling.split('\n')[0] ?? '';
  return Object.keys(values).length === 0 ? '' : JSON.stringify(values);
}

function outputLines(event: TaskEvent): string[] {
  const output = event.data['output'];
  const all = lines(typeof output === 'string' ? output : JSON.stringify(output ?? ''));
  const mark = event.data['isError'] === true ? '! ' : '  ';
  const shown = all.slice(0, MAX_OUTPUT_LINES).map((line) => cut(mark + line));
  const more = all.length - shown.length;
  return more > 0 ? [...shown, `${mark}... ${more} more ${more === 1 ? 'line' : 'lines'}`] : shown;
}

function lines(text: string): string[] {
  const parts = text.split('\n');
  if (parts.at(-1) === '') parts.pop();
  return parts;
}

function cut(line: string): string {
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE - 3)}...` : line;
}
