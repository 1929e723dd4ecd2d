import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { badRequest, conflict } from './http-error.ts';
import { describeError } from '../run-failure.ts';
import { packWorkspace, unpackWorkspace } from '../workspace/archive/archive.ts';
import type { ArchiveOptions } from '../workspace/archive/archive.ts';

/** The workspace as an archive: the work of a run goes out, work to go on with comes in. One call at a time. */
export class WorkspaceRoutes {
  readonly #options: ArchiveOptions;
  #busy = false;

  constructor(options: ArchiveOptions) {
    this.#options = options;
  }

  /** Whether files are under way: no run may start meanwhile. */
  get busy(): boolean {
    return this.#busy;
  }

  async send(response: ServerResponse): Promise<void> {
    await this.#alone(async () => {
      const archive = await packWorkspace(this.#options);
      if (archive === undefined) {
        response.writeHead(204).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'application/x-tar' });
      // A stream that fails takes its connection with it, so that nobody takes half an archive for a whole one.
      await pipeline(archive, response);
    });
  }

  async receive(request: IncomingMessage, limit: string | null, response: ServerResponse): Promise<void> {
    const limitBytes = Number(limit ?? '');
    if (!Number.isSafeInteger(limitBytes) || limitBytes <= 0) {
      throw badRequest('limit must be a number of bytes');
    }
    await this.#alone(async () => {
      let leftOut: number;
      try {
        const archive = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
        leftOut = await unpackWorkspace({ ...this.#options, archive, limitBytes });
      } catch (error) {
        // The request is still read to its end: a client that still sends would not see the answer.
        for await (const _ of request) continue;
        throw badRequest(`the archive cannot be unpacked: ${describeError(error)}`);
      }
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ leftOut }));
    });
  }

  async #alone(act: () => Promise<void>): Promise<void> {
    if (this.#busy) throw conflict('the workspace is being read or replaced');
    this.#busy = true;
    try {
      await act();
    } finally {
      this.#busy = false;
    }
  }
}
