import { describe, expect, it } from 'vitest';
import type { HistogramMetric, Metric } from '../machinery/meter.ts';
import { createPrometheusMeter } from './prometheus-meter.ts';

const THINGS: Metric = { name: 'things_total', help: 'Things.', labels: ['kind'] };
const DEPTH: Metric = { name: 'depth', help: 'Depth.', labels: ['queue'] };
const TIME: HistogramMetric = { name: 'time_seconds', help: 'Time.', labels: ['kind'], buckets: [1, 2] };

/** The lines of these metrics, without those of the process. */
async function lines(exposition: { text(): Promise<string> }): Promise<string[]> {
  const own = /^(things_total|depth|time_seconds)/;
  return (await exposition.text()).split('\n').filter((line) => own.test(line));
}

describe('createPrometheusMeter', () => {
  it('shows a series from its making on', async () => {
    const { meter, ...exposition } = createPrometheusMeter();
    meter.counter(THINGS, { kind: 'a' });
    meter.histogram(TIME, { kind: 'a' });
    expect(await lines(exposition)).toEqual([
      'things_total{kind="a"} 0',
      'time_seconds_bucket{le="1",kind="a"} 0',
      'time_seconds_bucket{le="2",kind="a"} 0',
      'time_seconds_bucket{le="+Inf",kind="a"} 0',
      'time_seconds_sum{kind="a"} 0',
      'time_seconds_count{kind="a"} 0',
    ]);
  });

  it('counts in one series what was asked for twice, and apart what has other labels', async () => {
    const { meter, ...exposition } = createPrometheusMeter();
    meter.counter(THINGS, { kind: 'a' }).add();
    meter.counter(THINGS, { kind: 'a' }).add(2);
    meter.counter(THINGS, { kind: 'b' }).add();
    meter.histogram(TIME, { kind: 'a' }).observe(1.5);
    meter.histogram(TIME, { kind: 'a' }).observe(3);
    expect(await lines(exposition)).toEqual([
      'things_total{kind="a"} 3',
      'things_total{kind="b"} 1',
      'time_seconds_bucket{le="1",kind="a"} 0',
      'time_seconds_bucket{le="2",kind="a"} 1',
      'time_seconds_bucket{le="+Inf",kind="a"} 2',
      'time_seconds_sum{kind="a"} 4.5',
      'time_seconds_count{kind="a"} 2',
    ]);
  });

  it('asks for the value of a gauge when somebody looks, and the newest reader when there were several', async () => {
    const { meter, ...exposition } = createPrometheusMeter();
    let depth = 1;
    meter.gauge(DEPTH, { queue: 'a' }, () => 100);
    meter.gauge(DEPTH, { queue: 'a' }, () => depth);
    expect(await lines(exposition)).toEqual(['depth{queue="a"} 1']);
    depth = 2;
    expect(await lines(exposition)).toEqual(['depth{queue="a"} 2']);
  });

  it('is a meter of its own each time, with the figures of the process', async () => {
    const one = createPrometheusMeter();
    one.meter.counter(THINGS, { kind: 'a' });
    const other = createPrometheusMeter();
    expect(await lines(other)).toEqual([]);
    expect(await other.text()).toContain('process_cpu_seconds_total');
  });
});
