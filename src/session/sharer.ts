import { once } from 'node:events';
import type { Socket } from 'node:net';
import { SolveError } from '../errors.ts';
import { DEFAULT_LIMITS, type GateLimits } from './gate.ts';
import { connectLocal } from './local-socket.ts';
import { type Ask, type Greeting, faultOf, listenTo, say } from './sharing-wire.ts';

/** A process that listens and says nothing is none that shares. */
const LONGEST_GREETING_MS = 10_000;

/** Something asked, its answer, and how to say that it is not needed any more. */
interface Asked {
  readonly answer: Readonly<Record<string, unknown>>;
  readonly leave: () => void;
}

/** What is asked, but for its number. */
type Question = Ask extends infer One ? (One extends Ask ? Omit<One, 'id'> : never) : never;

/** One connection, and those who wait for an answer over it. */
interface Line {
  readonly socket: Socket;
  readonly greeting: Greeting;
  readonly waiting: Map<number, { resolve: (answer: Record<string, unknown>) => void; reject: (error: Error) => void }>;
}

/** The process that shares its session, seen from one that uses it. Connects when it must, and again if that one came back. */
export class Sharer {
  /** Its limits, as far as they are known. */
  limits: GateLimits = DEFAULT_LIMITS;
  readonly #name: string;
  readonly #address: string;
  /** The server that the first one shared. */
  #server: string | undefined;
  #line: Promise<Line> | undefined;
  #nextId = 1;

  constructor(name: string, address: string) {
    this.#name = name;
    this.#address = address;
  }

  /**
   * What it says of itself.
   *
   * @throws {SolveError} `SESSION_NOT_SHARED`
   */
  async greeting(): Promise<Greeting> {
    return (await this.#connected()).greeting;
  }

  /**
   * Asks, and waits for the answer.
   *
   * @throws {SolveError} `SESSION_NOT_SHARED` if it is gone, or goes; its own faults; the signal's reason
   */
  async ask(question: Question, signal: AbortSignal): Promise<Asked> {
    signal.throwIfAborted();
    const { socket, waiting } = await this.#connected();
    signal.throwIfAborted();
    const id = this.#nextId++;
    const leave = (): void => say(socket, { id, ask: 'leave' });
    let stop: (() => void) | undefined;
    // Whoever waits for an answer keeps the process alive, and nobody else does.
    socket.ref();
    try {
      const answer = await new Promise<Record<string, unknown>>((resolve, reject) => {
        stop = () => {
          leave();
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', stop, { once: true });
        waiting.set(id, { resolve, reject });
        if (socket.destroyed) reject(this.#gone());
        say(socket, { id, ...question });
      });
      if (answer['fault'] !== undefined) throw faultOf(answer['fault']);
      return { answer, leave };
    } finally {
      if (stop !== undefined) signal.removeEventListener('abort', stop);
      waiting.delete(id);
      if (waiting.size === 0) socket.unref();
    }
  }

  /** Tells it something, if it is there. */
  tell(fact: Question): void {
    const id = this.#nextId++;
    this.#line?.then(({ socket }) => say(socket, { id, ...fact })).catch(() => {});
  }

  /** Lets go of the connection. */
  async close(): Promise<void> {
    const line = await this.#line?.catch(() => undefined);
    if (line === undefined || line.socket.closed) return;
    const closed = once(line.socket, 'close');
    line.socket.destroy();
    await closed;
  }

  async #connected(): Promise<Line> {
    const line = (this.#line ??= this.#connect());
    try {
      return await line;
    } catch (error) {
      if (this.#line === line) this.#line = undefined;
      throw error;
    }
  }

  async #connect(): Promise<Line> {
    const socket = await connectLocal(this.#address).catch((error: unknown) => {
      if (error instanceof SolveError) throw error;
      throw this.#gone(error);
    });
    if (socket === undefined) throw this.#gone();
    const waiting: Line['waiting'] = new Map();
    return await new Promise<Line>((resolve, reject) => {
      const timer = setTimeout(() => socket.destroy(), LONGEST_GREETING_MS);
      socket.on('error', () => {});
      socket.on('close', () => {
        clearTimeout(timer);
        this.#line = undefined;
        reject(this.#gone());
        for (const one of waiting.values()) one.reject(this.#gone());
      });
      let greeted = false;
      listenTo(socket, (message) => {
        if (greeted) {
          waiting.get(message['id'] as number)?.resolve(message);
          return;
        }
        const greeting = message as unknown as Greeting;
        const { sharing, server, maxParallel, maxPerSecond } = greeting;
        if (sharing !== 1 || typeof server !== 'string' || !(maxParallel >= 1) || !(maxPerSecond > 0)) {
          socket.destroy();
          return;
        }
        if (this.#server !== undefined && server !== this.#server) {
          socket.destroy();
          return;
        }
        greeted = true;
        clearTimeout(timer);
        this.#server = server;
        this.limits = { maxParallel, maxPerSecond };
        socket.unref();
        resolve({ socket, greeting, waiting });
      });
    });
  }

  #gone(cause?: unknown): SolveError {
    const fact =
      this.#server === undefined ? 'nobody shares a session under this name' : 'nobody shares this session any more';
    return new SolveError('SESSION_NOT_SHARED', `${this.#name}: ${fact}`, cause === undefined ? {} : { cause });
  }
}
