import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const WORKER = fileURLToPath(new URL('worker.mjs', import.meta.url));

if (!existsSync(new URL('../../dist/index.js', import.meta.url))) {
  throw new Error('dist/ is missing: npm run build, then the tests');
}

/** A process with a session, which does what it is told until the test ends. */
export interface SessionProcess {
  readonly child: ChildProcess;
  /** See the commands in `worker.mjs`. Rejects with name, code and message of the error there. */
  do(name: string, ...words: readonly unknown[]): Promise<unknown>;
  /** What it wrote to standard error. */
  readonly errors: () => string;
}

/** Starts so many processes and waits until all of them are ready. */
export async function startProcesses(count: number, env: NodeJS.ProcessEnv = {}): Promise<SessionProcess[]> {
  return await Promise.all(Array.from({ length: count }, async () => await startProcess(env)));
}

/** Starts a process and waits until it is ready. */
export async function startProcess(env: NodeJS.ProcessEnv = {}): Promise<SessionProcess> {
  const child = fork(WORKER, { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const waiting = new Map<number, (answer: { value?: unknown; fault?: object }) => void>();
  let nextId = 1;
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', () => reject(new Error(`the process has ended: ${errors}`)));
  });
  child.on('message', (answer: { id: number; value?: unknown; fault?: object }) => waiting.get(answer.id)?.(answer));
  return {
    child,
    errors: () => errors,
    async do(name, ...words) {
      const id = nextId++;
      const { value, fault } = await new Promise<{ value?: unknown; fault?: object }>((resolve) => {
        waiting.set(id, resolve);
        child.send({ id, name, words });
      });
      if (fault !== undefined) throw Object.assign(new Error(), fault);
      return value;
    },
  };
}
