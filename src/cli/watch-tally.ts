import { exitCodeOf, worse } from './exit-code.ts';
import type { ImageResult } from './result.ts';

/** Faults that the summary names one by one; the others are in the journal. */
const MOST_NAMED = 20;
/** Times that the median is taken of: the latest. */
const MOST_TIMES = 1000;

/** What a watch has seen, in constant memory. */
export class WatchTally {
  readonly startedAt: number = Date.now();
  solved = 0;
  unsolved = 0;
  failed = 0;
  /** Answered before: from the journal. */
  known = 0;
  /** Being worked on. */
  atWork = 0;
  lastImage: string | undefined;
  lastAnswerAt: number | undefined;
  lastSolvedAt: number | undefined;
  exitCode = 0;
  readonly #times: number[] = [];
  readonly #named: string[] = [];

  /** Counts what came of an image. */
  add(name: string, result: ImageResult): void {
    const now = Date.now();
    this.lastImage = name;
    this.lastAnswerAt = now;
    if ('outcome' in result && result.known === true) {
      this.known++;
      return;
    }
    this.exitCode = worse(this.exitCode, exitCodeOf(result));
    if ('fault' in result) {
      this.failed++;
      this.#name(name, result.fault.message);
    } else if (result.outcome.status === 'unsolved') {
      this.unsolved++;
      this.#name(name, result.outcome.message);
    } else {
      this.solved++;
      this.lastSolvedAt = now;
      this.#times[(this.solved - 1) % MOST_TIMES] = result.elapsedMs;
    }
  }

  /** Median time of the latest images that were solved, ms; undefined if there are none. */
  get medianMs(): number | undefined {
    const sorted = this.#times.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }

  /** In the morning: what happened. */
  summary(folder: string): string[] {
    const { solved, unsolved, failed, known, medianMs } = this;
    const took = medianMs === undefined ? '' : ` (median ${(medianMs / 1000).toFixed(2)} s)`;
    const before = known === 0 ? '' : `, ${known} answered before`;
    const unnamed = unsolved + failed - this.#named.length;
    return [
      `${folder}: watched for ${duration(Date.now() - this.startedAt)}: ${solved} solved${took}, ${unsolved} unsolved, ${failed} failed${before}`,
      ...this.#named.map((line) => `  ${line}`),
      ...(unnamed > 0 ? [`  and ${unnamed} more: solve status -v ${folder}`] : []),
      ...(unsolved + failed > 0 ? [`  solve retry --failed ${folder} tries them again`] : []),
    ];
  }

  #name(name: string, reason: string): void {
    if (this.#named.length >= MOST_NAMED) return;
    this.#named.push(reason.startsWith(name) ? reason : `${name}: ${reason}`);
  }
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes} min ${seconds % 60} s` : `${hours} h ${minutes % 60} min`;
}
