import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SolveError } from '../errors.ts';
import { escapeXml, fixed } from './svg.ts';

/** Letters by themselves: how far the next one stands, and the outline, in parts of an em, y down. */
interface GlyphFile {
  readonly unitsPerEm: number;
  readonly glyphs: Readonly<Record<string, readonly [advance: number, outline: string]>>;
}

const FILE = new URL('../../data/glyphs.json', import.meta.url);

/** Of a line of text, in parts of its size: from the baseline up, and down. */
export const ASCENT = 0.76;
export const DESCENT = 0.2;

let loading: Promise<GlyphFile> | undefined;

/**
 * Text as outlines: what draws SVG has other fonts on every machine, or none at all, and then boxes stand there.
 * Letters that are used are defined once; the text itself stands in a title, where viewers show and programs find it.
 */
export class Lettering {
  readonly #file: GlyphFile;
  readonly #used: Set<string> = new Set();

  private constructor(file: GlyphFile) {
    this.#file = file;
  }

  /** @throws {SolveError} `INDEX_MISSING` if the package is damaged */
  static async open(): Promise<Lettering> {
    loading ??= readGlyphs();
    return new Lettering(await loading);
  }

  /** Width of a line of text, in the unit of `size`. */
  width(text: string, size: number): number {
    const units = this.#letters(text).reduce((sum, letter) => sum + this.#file.glyphs[letter]![0], 0);
    return (units * size) / this.#file.unitsPerEm;
  }

  /**
   * A line of text.
   *
   * @param x of its left end
   * @param y of its baseline
   * @param attributes of the group, such as its fill
   */
  draw(text: string, x: number, y: number, size: number, attributes: string): string {
    const { unitsPerEm, glyphs } = this.#file;
    let at = 0;
    const uses: string[] = [];
    for (const letter of this.#letters(text)) {
      const [advance, outline] = glyphs[letter]!;
      if (outline !== '') {
        this.#used.add(letter);
        uses.push(`<use href="#${idOf(letter)}"${at === 0 ? '' : ` x="${at}"`}/>`);
      }
      at += advance;
    }
    const scale = Number((size / unitsPerEm).toPrecision(6));
    const place = `transform="translate(${fixed(x)} ${fixed(y)}) scale(${scale})"`;
    return `<g ${attributes} ${place}><title>${escapeXml(text)}</title>${uses.join('')}</g>`;
  }

  /** Definitions of the letters drawn so far. */
  definitions(): string {
    const paths = [...this.#used].map((letter) => `<path id="${idOf(letter)}" d="${this.#file.glyphs[letter]![1]}"/>`);
    return `<defs>${paths.join('')}</defs>`;
  }

  /** Characters that can be drawn: accents that are not known go, and what is not known is a question mark. */
  #letters(text: string): string[] {
    const { glyphs } = this.#file;
    return Array.from(text.normalize('NFC')).map((character) => {
      if (Object.hasOwn(glyphs, character)) return character;
      const plain = String.fromCodePoint(character.normalize('NFKD').codePointAt(0)!);
      if (/\s/.test(character)) return ' ';
      return Object.hasOwn(glyphs, plain) ? plain : '?';
    });
  }
}

function idOf(letter: string): string {
  return `g${letter.codePointAt(0)!.toString(16)}`;
}

async function readGlyphs(): Promise<GlyphFile> {
  const path = fileURLToPath(FILE);
  try {
    return JSON.parse(await readFile(path, 'utf8')) as GlyphFile;
  } catch (cause) {
    throw new SolveError('INDEX_MISSING', `${path}: the letters for drawings cannot be read`, { cause });
  }
}
