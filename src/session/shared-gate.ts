import { SolveError } from '../errors.ts';
import { type WayIn, gateOf } from './gate.ts';
import type { Sharer } from './sharer.ts';

/** The gate of the process that shares its session. While nobody shares it, that of this process, with the same limits. */
export class SharedGate implements WayIn {
  readonly #sharer: Sharer;
  readonly #server: string;

  constructor(sharer: Sharer, server: string) {
    this.#sharer = sharer;
    this.#server = server;
  }

  async enter(signal: AbortSignal): Promise<() => void> {
    try {
      const { leave } = await this.#sharer.ask({ ask: 'enter' }, signal);
      return leave;
    } catch (error) {
      if (!(error instanceof SolveError) || error.code !== 'SESSION_NOT_SHARED') throw error;
      return await gateOf(this.#server, this.#sharer.limits).enter(signal);
    }
  }

  hold(ms: number): void {
    this.#sharer.tell({ ask: 'hold', ms });
    gateOf(this.#server, this.#sharer.limits).hold(ms);
  }
}
