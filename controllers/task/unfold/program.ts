/**
 * How the graph of a Task grows. `kind` names the function that works further nodes out from the ends of earlier ones; each
 * kind has settings of its own. A program is a part of a TaskRevision: it is JSON, and it never changes.
 */
export interface Program {
  kind: string;
}
