import type { Hints } from '../../src/hints.ts';
import type { Outcome, Report, SolveInput, SolveOptions, Solution, Solver } from '../../src/solution.ts';

export const REPORT: Report = { stages: {}, sources: 0, fwhm: Number.NaN, candidates: 0, notes: [] };
export const UNSOLVED: Outcome = { status: 'unsolved', reason: 'exhausted', message: 'no place fits', report: REPORT };

/** A solution with its centre at some right ascension. */
export function solvedAt(ra: number): Outcome {
  const solution: Solution = {
    engine: 'nova',
    width: 100,
    height: 80,
    rowOrder: 'bottom-up',
    wcs: { crval: [ra, 0], crpix: [49.5, 39.5], cd: [-0.01, 0, 0, 0.01] },
    calibration: {
      ra,
      dec: 0,
      radius: 0.64,
      pixelScale: 36,
      orientation: 0,
      parity: -1,
      positionAngle: 0,
      mirrored: false,
      fieldWidth: 1,
      fieldHeight: 0.8,
    },
    matches: {
      x: Float64Array.of(1.5),
      y: Float64Array.of(2.5),
      ra: Float64Array.of(ra),
      dec: Float64Array.of(0),
      magnitude: Float32Array.of(Number.NaN),
      residual: Float32Array.of(0.25),
    },
    rms: 0.25,
    logOdds: Number.NaN,
  };
  return { status: 'solved', solution, report: REPORT };
}

/** An engine that works as it is told, and writes down what it was asked. */
export class ScriptedEngine implements Solver {
  readonly name = 'nova';
  readonly server = 'https://nova.example';
  readonly asked: { readonly input: SolveInput; readonly options: SolveOptions }[] = [];
  readonly #answer: (asked: number, options: SolveOptions) => Outcome | Promise<Outcome>;

  /** @param answer is given how often it was asked before */
  constructor(answer: (asked: number, options: SolveOptions) => Outcome | Promise<Outcome>) {
    this.#answer = answer;
  }

  async solve(input: SolveInput, _hints: Hints = {}, options: SolveOptions = {}): Promise<Outcome> {
    this.asked.push({ input, options });
    return await this.#answer(this.asked.length - 1, options);
  }
}
