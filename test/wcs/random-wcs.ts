import { fitInverse, sipTerm, sipTerms } from '../../src/wcs/sip.ts';
import type { Sip, Wcs } from '../../src/wcs/wcs.ts';

/** An image with a WCS, made of numbers from 0 to 1: the random source is the caller's. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly wcs: Wcs;
}

export interface SceneChoice {
  readonly raDeg: number;
  readonly decDeg: number;
  readonly scaleArcsec: number;
  /** Position angle of +y at the tangent point, degrees. */
  readonly angleDeg: number;
  readonly parity: 1 | -1;
  readonly width: number;
  readonly height: number;
  /** Reference pixel, in parts of the size. */
  readonly reference: readonly [number, number];
  /** 0 for plain TAN. */
  readonly order: number;
  /** Distortion at the edge, in parts of the half size. */
  readonly distortion: number;
  /** As many numbers from -1 to 1 as may be asked for. */
  readonly shape: readonly number[];
}

/** +y at the given position angle; +x 90 degrees clockwise of it (parity -1) or counter-clockwise as east is to north. */
export function makeScene(choice: SceneChoice): Scene {
  const { width, height } = choice;
  const s = choice.scaleArcsec / 3600;
  const angle = (choice.angleDeg * Math.PI) / 180;
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const wcs: Wcs = {
    crval: [choice.raDeg, choice.decDeg],
    crpix: [choice.reference[0] * width - 0.5, choice.reference[1] * height - 0.5],
    cd: [s * choice.parity * cos, s * sin, -s * choice.parity * sin, s * cos],
  };
  if (choice.order < 2) return { width, height, wcs };
  const sip = makeSip(choice.order, Math.max(width, height) / 2, choice.distortion, choice.shape);
  const { inverseOrder, ap, bp } = fitInverse(sip, width, height, wcs.crpix);
  return { width, height, wcs: { ...wcs, sip: { ...sip, inverseOrder, ap, bp } } };
}

function makeSip(
  order: number,
  half: number,
  distortion: number,
  shape: readonly number[],
): Pick<Sip, 'order' | 'a' | 'b'> {
  const a = new Float64Array(sipTerms(order));
  const b = new Float64Array(sipTerms(order));
  let next = 0;
  for (let p = 0; p <= order; p++) {
    for (let q = Math.max(0, 2 - p); q <= order - p; q++) {
      const size = (distortion * half) / half ** (p + q) / order;
      a[sipTerm(order, p, q)] = size * shape[next++ % shape.length]!;
      b[sipTerm(order, p, q)] = size * shape[next++ % shape.length]!;
    }
  }
  return { order, a, b };
}

/** A small seeded random source: numbers from 0 to 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Any scene: poles, RA 0, 0.1 to 300 arcsec per pixel, mirrored or not, distorted or not. */
export function randomScene(random: () => number): Scene {
  const pick = <T>(...values: T[]): T => values[Math.floor(random() * values.length)]!;
  const [width, height] = pick<[number, number]>([1000, 800], [640, 480], [3000, 2000], [300, 900]);
  const widest = (60 * 3600) / Math.max(width, height);
  return makeScene({
    width,
    height,
    raDeg: pick(0, 1e-7, 359.9999999, random() * 360, random() * 360),
    decDeg: pick(90, -90, 89.99999, -89.9, 0, (Math.asin(2 * random() - 1) * 180) / Math.PI, 90 * (random() - 0.5)),
    scaleArcsec: Math.min(widest, 0.1 * 3000 ** random()),
    angleDeg: 360 * random() - 180,
    parity: pick(1, -1),
    reference: [pick(0.5, random() * 1.4 - 0.2), pick(0.5, random() * 1.4 - 0.2)],
    order: pick(0, 0, 2, 3, 4, 5),
    distortion: 0.02,
    shape: Array.from({ length: 44 }, () => 2 * random() - 1),
  });
}
