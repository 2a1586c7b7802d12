import type { Frame } from '../image/frame.ts';
import { DEGREE, raDecToVector, separation } from '../math/sphere.ts';
import { StarBuffer } from '../skyindex/sky-index.ts';
import { vectorsToPixels } from '../wcs/transform.ts';
import type { Wcs } from '../wcs/wcs.ts';
import { createEmbeddedSolver } from './embedded.ts';
import { openBundledIndex } from './star-data.ts';

/** How the self-test went. */
export interface SelfTest {
  /** The drawn picture was found where it was drawn, to a tenth of a pixel. */
  readonly passed: boolean;
  /** One line for people. */
  readonly text: string;
  /** To draw and to solve, ms. */
  readonly elapsedMs: number;
}

/** The picture: six degrees about Orion's belt, turned, as a usual FITS image. */
const CENTRE = [84.05, -1.2] as const;
const SIDE = 512;
const SCALE_DEG = 6 / SIDE;
const TURN = 0.4;
/** Width of a star, pixels, one sigma. */
const SIGMA = 1.2;
const SKY = 200;

/**
 * Draws a picture of the sky from the star data of the package, with noise, and solves it: whether this installation reads its
 * data, finds stars and finds the place.
 *
 * @throws {SolveError} `INDEX_MISSING`, `INDEX_CORRUPT`
 */
export async function selfTest(signal?: AbortSignal): Promise<SelfTest> {
  const start = performance.now();
  const [cos, sin] = [SCALE_DEG * Math.cos(TURN), SCALE_DEG * Math.sin(TURN)];
  const wcs: Wcs = { crval: CENTRE, crpix: [(SIDE - 1) / 2, (SIDE - 1) / 2], cd: [-cos, sin, sin, cos] };
  const frame = await draw(wcs);
  const outcome = await createEmbeddedSolver().solve(frame, {}, signal === undefined ? {} : { signal });
  const elapsedMs = performance.now() - start;
  if (outcome.status !== 'solved')
    return { passed: false, text: `a drawn picture is not found: ${outcome.message}`, elapsedMs };
  const { calibration, matches } = outcome.solution;
  const off = separation(
    raDecToVector(calibration.ra * DEGREE, calibration.dec * DEGREE),
    raDecToVector(CENTRE[0] * DEGREE, CENTRE[1] * DEGREE),
  );
  const offPixels = off / (SCALE_DEG * DEGREE);
  const passed = offPixels < 0.1 && calibration.parity === -1;
  const text = passed
    ? `a drawn picture of ${matches.x.length} stars is found to ${offPixels.toFixed(3)} pixels`
    : `a drawn picture is found ${offPixels.toFixed(2)} pixels beside its place`;
  return { passed, text, elapsedMs };
}

async function draw(wcs: Wcs): Promise<Frame> {
  const { stars } = await openBundledIndex();
  const centre = raDecToVector(CENTRE[0] * DEGREE, CENTRE[1] * DEGREE);
  const radius = SCALE_DEG * SIDE * Math.SQRT1_2 * DEGREE;
  await stars.open(centre, radius);
  const found = new StarBuffer();
  stars.collect(centre, radius, 200, found);
  const x = new Float64Array(found.count);
  const y = new Float64Array(found.count);
  vectorsToPixels(wcs, found.vectors.subarray(0, 3 * found.count), x, y);
  const pixels = new Float32Array(SIDE * SIDE);
  // A fixed sequence of numbers between 0 and 1: the same picture each time.
  let state = 12_345;
  const random = (): number => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  for (let i = 0; i < pixels.length; i++) pixels[i] = SKY + 6 * (random() + random() + random() - 1.5);
  for (let i = 0; i < found.count; i++) {
    const light = Math.min(2e5, 10 ** (0.4 * (15 - found.magnitude[i]!)));
    addStar(pixels, x[i]!, y[i]!, light);
  }
  return { width: SIDE, height: SIDE, pixels, rowOrder: 'bottom-up', format: 'drawn', hints: [] };
}

function addStar(pixels: Float32Array, x: number, y: number, light: number): void {
  const peak = light / (2 * Math.PI * SIGMA ** 2);
  const reach = 6;
  for (let py = Math.max(0, Math.round(y) - reach); py <= Math.min(SIDE - 1, Math.round(y) + reach); py++) {
    for (let px = Math.max(0, Math.round(x) - reach); px <= Math.min(SIDE - 1, Math.round(x) + reach); px++) {
      pixels[py * SIDE + px]! += peak * Math.exp(-((px - x) ** 2 + (py - y) ** 2) / (2 * SIGMA ** 2));
    }
  }
}
