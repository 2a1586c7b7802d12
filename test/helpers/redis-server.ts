import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Why nothing can be tested with a Redis server here; undefined if it can. */
export const NO_REDIS: string | undefined =
  spawnSync('redis-server', ['--version']).status === 0 ? undefined : 'redis-server is not installed';
if (NO_REDIS !== undefined) console.warn(`SKIPPED, queues are not tested: ${NO_REDIS} (apt install redis-server)`);

/** How a server is started. */
export interface RedisServerOptions {
  /** What is written survives a restart. */
  readonly appendOnly?: boolean;
  readonly password?: string;
}

/** A Redis server of its own, in a folder of its own. */
export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #options: RedisServerOptions;
  #child: ChildProcess | undefined;

  private constructor(port: number, options: RedisServerOptions) {
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'starfix-redis-'));
    this.#options = options;
  }

  /** Starts one on a free port, and waits until it answers. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again in its folder. */
  async start(): Promise<void> {
    const { appendOnly, password } = this.#options;
    const args = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', this.folder];
    args.push('--unixsocket', join(this.folder, 'socket'));
    if (appendOnly === true) args.push('--appendonly', 'yes');
    if (password !== undefined) args.push('--requirepass', password);
    this.#child = spawn('redis-server', args, { stdio: 'ignore' });
    for (let attempt = 0; !(await answers(this.port)); attempt++) {
      if (attempt === 200 || this.#child.exitCode !== null) throw new Error('redis-server does not start');
      await sleep(25);
    }
  }

  /** Ends it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }

  /** Ends it and removes what it wrote. */
  async close(): Promise<void> {
    await this.stop('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A port on which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
