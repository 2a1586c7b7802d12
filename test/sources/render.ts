import type { BayerPattern, Frame, Pixels } from '../../src/image/frame.ts';

/** What to draw; everything left out is absent. */
export interface Scene {
  readonly seed: number;
  readonly width?: number;
  readonly height?: number;
  /** Stars drawn at random places, at least 12 px from the border and 14 px (or two profiles) from each other. */
  readonly stars?: number;
  /** Peak of the faintest star over the noise, and how many times brighter the brightest is. [15, 200] */
  readonly faintest?: number;
  readonly range?: number;
  readonly fwhm?: number;
  readonly profile?: 'gaussian' | 'moffat' | 'donut';
  /** Length of a tracking error, pixels, at 30 degrees. */
  readonly trail?: number;
  readonly sky?: number;
  readonly noise?: number;
  /** Rise of the sky from left to right, in units of the sky. */
  readonly gradient?: number;
  /** Height of a broad round glow off the centre, in units of the sky. */
  readonly glow?: number;
  readonly vignette?: number;
  /** Share of pixels that are hot. */
  readonly hot?: number;
  readonly badColumns?: number;
  /** Sigma of a random shift per row. */
  readonly banding?: number;
  /** Values are cut here. */
  readonly fullWell?: number;
  /** Saturated stars bleed along their columns. */
  readonly bleed?: boolean;
  /** Straight lines across the frame, 20 sigma high. */
  readonly lines?: number;
  /** The lowest share of the frame is dark ground with a wavy edge. */
  readonly ground?: number;
  readonly bayer?: BayerPattern;
  /** Letters of this brightness near the lower left corner. */
  readonly text?: number;
  readonly nanBorder?: number;
}

export interface Rendered {
  readonly frame: Frame;
  /** True places, brightest first. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly peak: Float64Array;
}

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Draws a scene in doubles, sky and read-out noise included. */
export function render(scene: Scene): Rendered {
  const { width = 480, height = 360, stars = 60, fwhm = 3, profile = 'gaussian', sky = 800, noise = 30 } = scene;
  const random = seededRandom(scene.seed);
  const image = new Float64Array(width * height);
  const size = profile === 'donut' ? 2 * fwhm : fwhm + (scene.trail ?? 0);
  const places = scatter(random, stars, width, height, Math.max(14, 2.5 * size));
  const peak = new Float64Array(stars);
  for (let i = 0; i < stars; i++) {
    const fade = stars > 1 ? i / (stars - 1) : 0;
    peak[i] = noise * (scene.faintest ?? 15) * (scene.range ?? 200) ** (1 - fade);
    drawStar(image, width, height, places.x[i]!, places.y[i]!, peak[i]!, fwhm, profile, scene.trail ?? 0);
  }
  for (let k = 0; k < (scene.lines ?? 0); k++) {
    const angle = Math.PI * random();
    const [cx, cy] = [width * (0.3 + 0.4 * random()), height * (0.3 + 0.4 * random())];
    each(image, width, (x, y) => {
      const off = (x - cx) * Math.sin(angle) - (y - cy) * Math.cos(angle);
      return 20 * noise * Math.exp((-off * off) / (2 * (fwhm / 2) ** 2));
    });
  }
  each(image, width, (x) => sky * (1 + (scene.gradient ?? 0) * (x / width - 0.5)));
  if (scene.glow) {
    const glow = scene.glow * sky;
    each(image, width, (x, y) => glow * Math.exp(-((x - width * 0.35) ** 2 + (y - height * 0.6) ** 2) / (2 * 70 ** 2)));
  }
  if (scene.vignette) {
    const radius = (width * width + height * height) / 4;
    for (let p = 0; p < image.length; p++) {
      const [x, y] = [(p % width) - width / 2, Math.floor(p / width) - height / 2];
      image[p] = image[p]! * (1 - (scene.vignette * (x * x + y * y)) / radius);
    }
  }
  if (scene.ground) {
    for (let p = 0; p < image.length; p++) {
      const x = p % width;
      if (Math.floor(p / width) < height * scene.ground + 8 * Math.sin(x / 30)) image[p] = 0.15 * sky;
    }
  }
  if (scene.bayer) {
    const gains = { R: 0.6, G: 1, B: 0.5 };
    for (let p = 0; p < image.length; p++) {
      const place = 2 * (Math.floor(p / width) & 1) + ((p % width) & 1);
      image[p] = image[p]! * gains[scene.bayer[place] as 'R' | 'G' | 'B'];
    }
  }
  each(image, width, () => noise * normal(random));
  if (scene.banding) {
    for (let y = 0; y < height; y++) {
      const shift = scene.banding * normal(random);
      for (let x = 0; x < width; x++) image[y * width + x] = image[y * width + x]! + shift;
    }
  }
  if (scene.text) drawText(image, width, scene.text);
  finish(image, width, height, scene, random);
  const frame: Frame = {
    width,
    height,
    pixels: image,
    rowOrder: 'bottom-up',
    format: 'fits',
    hints: [],
    ...(scene.bayer ? { bayer: scene.bayer } : {}),
  };
  return { frame, x: places.x, y: places.y, peak };
}

/** Damage of the detector, which comes after the noise. */
function finish(image: Float64Array, width: number, height: number, scene: Scene, random: () => number): void {
  const full = scene.fullWell ?? 65535;
  if (scene.bleed) {
    for (let x = 0; x < width; x++) {
      let over = 0;
      let rows = 0;
      let sum = 0;
      for (let y = 0; y < height; y++) {
        if (image[y * width + x]! <= full) continue;
        over += image[y * width + x]! - full;
        rows++;
        sum += y;
      }
      if (over < 2 * full) continue;
      const reach = Math.min(height * 0.3, over / full);
      const middle = Math.round(sum / rows);
      for (let y = Math.max(0, middle - reach) | 0; y < Math.min(height, middle + reach); y++)
        image[y * width + x] = full;
    }
  }
  const hot = Math.floor((scene.hot ?? 0) * image.length);
  for (let k = 0; k < hot; k++) {
    const p = Math.floor(random() * image.length);
    image[p] = image[p]! - 0.15 * 65535 * Math.log(1 - random());
  }
  for (let k = 0; k < (scene.badColumns ?? 0); k++) {
    const x = Math.floor(random() * width);
    for (let y = 0; y < height; y++) image[y * width + x] = k % 2 === 0 ? 0 : full;
  }
  for (let p = 0; p < image.length; p++) image[p] = Math.min(full, image[p]!);
  const border = scene.nanBorder ?? 0;
  for (let p = 0; p < image.length; p++) if (p % width < border || p < border * width) image[p] = NaN;
}

function each(image: Float64Array, width: number, value: (x: number, y: number) => number): void {
  for (let p = 0; p < image.length; p++) image[p] = image[p]! + value(p % width, Math.floor(p / width));
}

function scatter(
  random: () => number,
  count: number,
  width: number,
  height: number,
  apart: number,
): { x: Float64Array; y: Float64Array } {
  const x = new Float64Array(count);
  const y = new Float64Array(count);
  const margin = Math.max(12, apart / 2);
  for (let i = 0; i < count; i++) {
    for (let tries = 0; ; tries++) {
      if (tries > 20_000) throw new Error(`no room for ${count} stars ${apart} px apart`);
      x[i] = margin + random() * (width - 1 - 2 * margin);
      y[i] = margin + random() * (height - 1 - 2 * margin);
      let free = true;
      for (let j = 0; j < i; j++) if (Math.hypot(x[i]! - x[j]!, y[i]! - y[j]!) < apart) free = false;
      if (free) break;
    }
  }
  return { x, y };
}

/** Adds a star, sampled 5x5 within each pixel; `peak` is the highest value of the profile. */
function drawStar(
  image: Float64Array,
  width: number,
  height: number,
  x: number,
  y: number,
  peak: number,
  fwhm: number,
  profile: 'gaussian' | 'moffat' | 'donut',
  trail: number,
): void {
  const sigma = fwhm / 2.3548;
  const alpha = (fwhm / 2) ** 2 / (2 ** (1 / 3) - 1);
  const steps = trail > 0 ? Math.ceil(trail) + 1 : 1;
  const reach = Math.ceil((profile === 'gaussian' ? 2.5 : 6) * fwhm + trail / 2) + 2;
  const value = (dx: number, dy: number): number => {
    const r2 = dx * dx + dy * dy;
    if (profile === 'gaussian') return Math.exp(-r2 / (2 * sigma * sigma));
    if (profile === 'moffat') return (1 + r2 / alpha) ** -3;
    const r = Math.sqrt(r2);
    return 1 / (1 + Math.exp((r - fwhm / 2) / 0.8)) - 0.93 / (1 + Math.exp((r - 0.21 * fwhm) / 0.8));
  };
  const over = fwhm < 2.5 ? 5 : 1;
  for (let py = Math.max(0, Math.round(y) - reach); py <= Math.min(height - 1, Math.round(y) + reach); py++) {
    for (let px = Math.max(0, Math.round(x) - reach); px <= Math.min(width - 1, Math.round(x) + reach); px++) {
      let sum = 0;
      for (let s = 0; s < steps; s++) {
        const along = steps > 1 ? (s / (steps - 1) - 0.5) * trail : 0;
        for (let k = 0; k < over * over; k++) {
          const sx = ((k % over) + 0.5) / over - 0.5;
          const sy = (Math.floor(k / over) + 0.5) / over - 0.5;
          sum += value(px + sx - x - along * Math.cos(Math.PI / 6), py + sy - y - along * Math.sin(Math.PI / 6));
        }
      }
      image[py * width + px] =
        image[py * width + px]! + (peak * sum) / (over * over * (steps > 1 ? steps / (1 + trail / fwhm) : 1));
    }
  }
}

/** A 3x5 font for one line of small capitals, each dot 3 px wide. */
const GLYPHS = [
  '111101111101101',
  '110101110101110',
  '111100100100111',
  '110101101101110',
  '111100110100111',
  '101101111101101',
];

function drawText(image: Float64Array, width: number, value: number): void {
  const dot = 3;
  for (let n = 0; n < 12; n++) {
    const glyph = GLYPHS[n % GLYPHS.length]!;
    for (let k = 0; k < 15; k++) {
      if (glyph[k] !== '1') continue;
      const left = 20 + n * 5 * dot + (k % 3) * dot;
      const bottom = 20 + (4 - Math.floor(k / 3)) * dot;
      for (let y = bottom; y < bottom + dot; y++) for (let x = left; x < left + dot; x++) image[y * width + x] = value;
    }
  }
}

/** The same picture with other numbers in it: rounded to whole ones for integer arrays. */
export function convert(frame: Frame, make: (length: number) => Pixels, factor = 1, offset = 0): Frame {
  const pixels = make(frame.pixels.length);
  const whole = !(pixels instanceof Float32Array || pixels instanceof Float64Array);
  for (let p = 0; p < pixels.length; p++) {
    const value = frame.pixels[p]! * factor + offset;
    pixels[p] = whole ? Math.round(value) : value;
  }
  return { ...frame, pixels };
}
