import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { SolveError } from '../errors.ts';
import { writeFileAtomic } from '../io/atomic-write.ts';
import type { ImageResult } from './result.ts';
import type { WatchTally } from './watch-tally.ts';

/** What a watch is doing, for whoever looks after it. */
export interface WatchState {
  readonly folder: string;
  readonly tally: WatchTally;
  /** What is wrong with the folder, and with the journal; empty: all is well. */
  readonly troubles: Map<'folder' | 'journal', string>;
  /** The watch is over. */
  stopped: boolean;
}

/** How often the health file is written although nothing happens, ms: a file that is older tells that the watch hangs. */
const BEAT_MS = 10_000;

/** The state as JSON. */
function healthOf({ folder, tally, troubles, stopped }: WatchState): Record<string, unknown> {
  const { solved, unsolved, failed, known, atWork, startedAt, lastImage, lastAnswerAt, lastSolvedAt } = tally;
  const time = (ms: number | undefined): string | undefined =>
    ms === undefined ? undefined : new Date(ms).toISOString();
  return {
    status: stopped ? 'stopped' : troubles.size === 0 ? 'ok' : 'trouble',
    ...(troubles.size === 0 ? {} : { trouble: [...troubles.values()].join('; ') }),
    folder,
    pid: process.pid,
    startedAt: time(startedAt),
    writtenAt: time(Date.now()),
    solved,
    unsolved,
    failed,
    known,
    atWork,
    lastImage,
    lastAnswerAt: time(lastAnswerAt),
    lastSolvedAt: time(lastSolvedAt),
  };
}

/**
 * Writes the health file now and every ten seconds, whole each time.
 *
 * @returns stops it, after a last time
 * @throws {SolveError} `FILE_UNWRITABLE` the first time; later ones are told
 */
export async function keepHealthFile(
  path: string,
  state: WatchState,
  note: (line: string) => void,
): Promise<() => Promise<void>> {
  const write = async (): Promise<void> => {
    await writeFileAtomic(path, Buffer.from(`${JSON.stringify(healthOf(state), undefined, 2)}\n`), { overwrite: true });
  };
  await write();
  let failing = false;
  const beat = setInterval(() => {
    write().then(
      () => (failing = false),
      (error: Error) => {
        if (!failing) note(`the health file cannot be written: ${error.message}`);
        failing = true;
      },
    );
  }, BEAT_MS);
  return async () => {
    clearInterval(beat);
    await write().catch(() => {});
  };
}

/** Metrics of a watch, and where they can be had. */
export interface StatusServer {
  /** Where it listens. */
  readonly url: string;
  /** Counts what came of an image. `waitedMs`: from its last change to the answer; undefined if it was there before. */
  count(result: ImageResult, waitedMs: number | undefined): void;
  close(): void;
}

/**
 * Serves `/metrics` for Prometheus and `/health` (200, or 503 in trouble) on the loopback interface.
 *
 * @param port 0: any that is free
 * @throws {SolveError} `BAD_OPTION` if the port cannot be had
 */
export async function openStatusServer(port: number, state: WatchState): Promise<StatusServer> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { tally } = state;
  const registers = [registry];
  const images = new Counter({
    name: 'starfix_images_total',
    help: 'Images answered, by what came of them',
    labelNames: ['result'],
    registers,
  });
  const seconds = { buckets: [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 900], registers };
  const solving = new Histogram({ name: 'starfix_solve_seconds', help: 'Time to answer an image', ...seconds });
  const waiting = new Histogram({
    name: 'starfix_latency_seconds',
    help: 'Time from the last byte of a file to its answer',
    ...seconds,
  });
  const gauge = (name: string, help: string, value: () => number): Gauge =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge('starfix_images_at_work', 'Images being worked on', () => tally.atWork);
  gauge('starfix_healthy', '1: the folder is there and the journal can be written', () =>
    state.troubles.size === 0 ? 1 : 0,
  );
  gauge(
    'starfix_last_answer_timestamp_seconds',
    'When the last answer was found',
    () => (tally.lastAnswerAt ?? 0) / 1000,
  );
  gauge(
    'starfix_last_solved_timestamp_seconds',
    'When the last image was solved',
    () => (tally.lastSolvedAt ?? 0) / 1000,
  );

  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    const send = (status: number, type: string, text: string): void => {
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      response.end(request.method === 'HEAD' ? undefined : text);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') send(405, 'text/plain', 'GET /metrics or /health\n');
    else if (path === '/health') {
      send(state.troubles.size === 0 ? 200 : 503, 'application/json', `${JSON.stringify(healthOf(state))}\n`);
    } else if (path === '/metrics') {
      registry.metrics().then(
        (text) => send(200, registry.contentType, text),
        () => send(500, 'text/plain', 'the metrics cannot be told\n'),
      );
    } else send(404, 'text/plain', 'GET /metrics or /health\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const fact = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
      reject(new SolveError('BAD_OPTION', `--status-port ${port}: ${fact}`, { cause: error }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count(result, waitedMs) {
      const known = 'outcome' in result && result.known === true;
      images.inc({ result: known ? 'known' : 'fault' in result ? 'failed' : result.outcome.status });
      if (known) return;
      solving.observe(result.elapsedMs / 1000);
      if (waitedMs !== undefined) waiting.observe(waitedMs / 1000);
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
