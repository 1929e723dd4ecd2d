/** Ids of the nodes of a workflow: `fix-2r3x1` is the step fix, second of the group that is third in the list, iteration 3. */

/** Where a run stands: positions of steps, and which item, iteration, try and participant it is. */
export class NodePath {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  static readonly ROOT = new NodePath('');

  /** A step by its position in its list. */
  step(position: number): NodePath {
    return new NodePath(this.text === '' ? `${position}` : `${this.text}x${position}`);
  }

  /** From 0. */
  item(index: number): NodePath {
    return new NodePath(`${this.text}i${index}`);
  }

  /** From 1. */
  iteration(number: number): NodePath {
    return new NodePath(`${this.text}r${number}`);
  }

  /** From 0; the first one needs no mark. */
  tried(times: number): NodePath {
    return times === 0 ? this : new NodePath(`${this.text}t${times}`);
  }

  /** From 0. */
  participant(index: number): NodePath {
    return new NodePath(`${this.text}p${index}`);
  }

  /** A node that judges the work of the step, or does it once more: `v1-review`, `v2`, `c1`, `choice-1`. */
  judged(name: string): NodePath {
    return new NodePath(`${this.text}${name.replaceAll('-', '')}`);
  }

  /** The pause before a try. */
  pause(): NodePath {
    return new NodePath(`${this.text}w`);
  }
}

/** Of a node's id (RFC 1123 and the names of Sandboxes). */
const MOST_LENGTH = 32;

/** Unique by the path alone; the name of the step is for people, and is cut to what there is room for. */
export function nodeId(name: string, { text }: NodePath): string {
  const room = MOST_LENGTH - text.length - 1;
  const word = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, Math.max(1, room))
    .replaceAll(/^-+|-+$/g, '');
  // `message-1` is the node that answers the first message to a Task.
  const isTaken = word === '' || word === 'message';
  return `${isTaken ? 's' : word}-${text}`;
}

/** The id of a node in one of several copies of a graph, such as `c2-`; still unique by the path of the node. */
export function prefixedNodeId(prefix: string, id: string): string {
  const whole = `${prefix}${id}`;
  if (whole.length <= MOST_LENGTH) return whole;
  const path = pathOf(id);
  const word = id.slice(0, -path.length - 1);
  const room = MOST_LENGTH - prefix.length - path.length - 1;
  return `${prefix}${word.slice(0, Math.max(1, room)).replace(/-+$/, '')}-${path}`;
}

/** The path in the id of a node that nodeId has made. */
export function pathOf(id: string): string {
  return id.slice(id.lastIndexOf('-') + 1);
}
