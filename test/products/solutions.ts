import { bytesSource } from '../../src/io/bytes-source.ts';
import { putSolution } from '../../src/products/solved-fits.ts';
import type { Solution } from '../../src/solution.ts';
import type { SourceList } from '../../src/sources/source-list.ts';
import { calibrate } from '../../src/wcs/calibration.ts';
import { pixelToSky } from '../../src/wcs/transform.ts';
import type { Wcs } from '../../src/wcs/wcs.ts';

/** A solution of an image of this size: Orion, with distortion, and three matched stars half a pixel off. */
export function makeSolution(width: number, height: number, more: Partial<Wcs> = {}): Solution {
  const wcs: Wcs = {
    crval: [83.8220812345678, -5.39111098765432],
    crpix: [(width - 1) / 2, (height - 1) / 2],
    cd: [-0.00123456789012345, 0.0000123456789, 0.0000123, 0.00123456],
    sip: {
      order: 2,
      a: Float64Array.of(0, 0, 1.5e-6, 0, -2.25e-6, 3e-7),
      b: Float64Array.of(0, 0, -1.5e-6, 0, 2e-6, 1.1e-7),
      inverseOrder: 2,
      ap: Float64Array.of(0, 0, -1.5e-6, 0, 2.25e-6, -3e-7),
      bp: Float64Array.of(0, 0, 1.5e-6, 0, -2e-6, -1.1e-7),
    },
    ...more,
  };
  const x = Float64Array.of(3, width / 2, width - 4);
  const y = Float64Array.of(2, height / 2, height - 3);
  const sky = Array.from(x, (value, i) => pixelToSky(wcs, value + 0.5, y[i]!));
  return {
    engine: 'embedded',
    width,
    height,
    rowOrder: 'bottom-up',
    wcs,
    calibration: calibrate(wcs, width, height, 'bottom-up'),
    matches: {
      x,
      y,
      ra: Float64Array.from(sky, ([ra]) => ra),
      dec: Float64Array.from(sky, ([, dec]) => dec),
      magnitude: Float32Array.of(2.5, 7.25, NaN),
      residual: Float32Array.of(0.5, 0.5, 0.5),
    },
    rms: 0.5,
    logOdds: 100,
  };
}

/** The sources of that image: its matched ones and one more. */
export function makeSources({ width, height, matches }: Solution): SourceList {
  return {
    width,
    height,
    x: Float64Array.of(...matches.x, 5.125),
    y: Float64Array.of(...matches.y, 6.25),
    flux: Float32Array.of(400, 300, 200, 100),
    sigma: Float32Array.of(0.05, 0.1, 0.2, 0.4),
    flags: Uint8Array.of(1, 0, 2, 0),
    fwhm: 2.5,
  };
}

/** The new file as a whole. */
export async function solved(
  bytes: Uint8Array,
  solution: Solution,
  extension?: number,
): Promise<{ bytes: Buffer; removed: readonly string[]; added: readonly string[]; hdu: number; changed: boolean }> {
  const plan = await putSolution(bytesSource(bytes, 'test.fits'), solution, { extension });
  const pieces: Uint8Array[] = [];
  for await (const piece of plan.pieces()) pieces.push(piece);
  const { removed, added, hdu, changed } = plan;
  return { bytes: Buffer.concat(pieces), removed, added, hdu, changed };
}
