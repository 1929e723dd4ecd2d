import { parseScript } from '#model-server/load-script';
import { startModelServer } from '#model-server/model-server';
import { silentLogger } from '#api/machinery/logger';

export interface ModelService extends AsyncDisposable {
  readonly url: string;
}

/** A scripted model service in this process. `yaml` is a script as docs/model-server.md describes it. */
export async function modelService(yaml: string, host = '127.0.0.1'): Promise<ModelService> {
  const server = await startModelServer({ host, port: 0, script: parseScript(yaml), logger: silentLogger });
  return { url: server.url, [Symbol.asyncDispose]: () => server.close() };
}
