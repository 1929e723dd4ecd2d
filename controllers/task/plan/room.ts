import { ALL_OUTPUTS_BYTES, ALL_WARNINGS_BYTES, answerRoom, jsonBytes } from '../answer.ts';
import type { NodeRecord, StatusRoom } from '../node-record.ts';

/** The room that is left in a status, while the ends of several runs are taken over at once. */
export class RoomLeft {
  readonly #answers: number;
  #outputs: number;
  #warnings: number;

  /** @param stored the records in the status */
  constructor(stored: readonly NodeRecord[]) {
    this.#answers = sumOf(stored.flatMap(resultsOf).map((result) => jsonBytes(result?.['value'])));
    this.#outputs = sumOf(stored.map(outputBytes));
    this.#warnings = sumOf(stored.flatMap(resultsOf).map(warningBytes));
  }

  /** @param open how many steps have not ended */
  next(open: number): StatusRoom {
    return {
      answerBytes: answerRoom(this.#answers, open),
      outputBytes: Math.max(0, ALL_OUTPUTS_BYTES - this.#outputs),
      warningBytes: Math.max(0, ALL_WARNINGS_BYTES - this.#warnings),
    };
  }

  take(record: NodeRecord): void {
    this.#outputs += outputBytes(record);
    this.#warnings += warningBytes(record.result);
  }
}

/** Those of ends that a retry has left behind, too. */
const resultsOf = ({ result, history = [] }: NodeRecord): NodeRecord['result'][] => [
  result,
  ...history.map((end) => end.result),
];

const outputBytes = ({ result }: NodeRecord): number => jsonBytes(result?.['output']);

const warningBytes = (result: NodeRecord['result']): number => jsonBytes(result?.['warnings']);

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0);
