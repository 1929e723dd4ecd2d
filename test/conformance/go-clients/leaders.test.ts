import { describe, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import { goProgram } from '../../kit/go-program.ts';
import { startProgram } from './background-program.ts';

const program = goProgram('clients');

/** Side by side, since each waits for a Lease to expire. Two processes run for leader by a Lease; when one dies the other takes over. */
describe.skipIf(program.missing).concurrent('leader election', () => {
  it.each([
    { by: 'client-go', subcommand: 'elect' },
    { by: "controller-runtime's manager", subcommand: 'manager' },
  ])('of $by: the second takes over from one that died', async ({ subcommand }) => {
    await using api = await testApi();
    const env = { KUBECONFIG: api.kubeconfig };
    const start = (id: string) => startProgram(program.path, [subcommand, id], env);
    await using first = await start('first');
    await first.says('first leads');
    await using second = await start('second');
    await second.says('second runs');
    await first.kill();
    await second.says('second leads');
  });

  it('the leader alone works, and its follower goes on with the work', async () => {
    await using api = await testApi();
    const env = { KUBECONFIG: api.kubeconfig };
    const make = (name: string) =>
      api.send('/apis/clients.example.com/v1/namespaces/default/widgets', {
        method: 'POST',
        body: { apiVersion: 'clients.example.com/v1', kind: 'Widget', metadata: { name }, spec: {} },
      });
    await using first = await startProgram(program.path, ['manager', 'first'], env);
    await first.says('first leads');
    await using second = await startProgram(program.path, ['manager', 'second'], env);
    await second.says('second runs');
    await make('one');
    await first.says('first reconciled one');
    await first.kill();
    await second.says('second leads');
    await second.says('second reconciled one');
    await make('two');
    await second.says('second reconciled two');
  });
});
