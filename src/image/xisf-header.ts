import { SaxesParser } from 'saxes';
import { SolveError } from '../errors.ts';
import type { Pace } from '../pace.ts';

/** What an XISF header says of its first image. */
export interface XisfImage {
  /** Attributes of the Image element, as they stand. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Text within the Image element: the pixels if they are inline. */
  readonly text: string;
  /** The Data element within it, if there is one: the pixels if they are embedded. */
  readonly data: { readonly attributes: ReadonlyMap<string, string>; readonly text: string } | undefined;
  /** Scalar properties by identifier, those of the image before those of the whole file. */
  readonly properties: ReadonlyMap<string, string>;
  /** FITSKeyword elements: name, value as a FITS header has it, comment. */
  readonly keywords: readonly { readonly name: string; readonly value: string; readonly comment: string }[];
  /** Pattern of the colour filters, reading order of the first rows, if they are 2 by 2. */
  readonly filters: string | undefined;
}

/** Elements within elements: real headers have five. */
const MAX_DEPTH = 32;

/** Characters given to the parser between two looks at the clock. */
const PIECE = 2 ** 16;

interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Pieces of its text; absent: nobody wants it. */
  readonly text?: string[];
}

/**
 * Reads the XML header of an XISF file. Entities of its own are not known to the parser, so none is expanded.
 *
 * @param xml the header without the bytes around it
 * @param name of the file, for messages
 * @returns undefined if there is no image
 * @throws {SolveError} `IMAGE_CORRUPT` if it is no XML, or goes deeper than any real header
 * @see XISF 1.0 specification, section 11
 */
export async function parseXisfHeader(xml: string, name: string, pace: Pace): Promise<XisfImage | undefined> {
  const parser = new SaxesParser();
  const stack: Element[] = [];
  const own = new Map<string, string>();
  const shared = new Map<string, string>();
  const keywords: { name: string; value: string; comment: string }[] = [];
  let image: Element | undefined;
  let inImage = false;
  let data: Element | undefined;
  let filters: string | undefined;

  parser.on('error', (error) => {
    throw new SolveError(
      'IMAGE_CORRUPT',
      `${name}: the header is no XML: ${error.message.split('\n')[0]!.slice(0, 120)}`,
    );
  });
  parser.on('opentag', (tag) => {
    if (stack.length >= MAX_DEPTH) {
      throw new SolveError('IMAGE_CORRUPT', `${name}: elements of the header stand ${MAX_DEPTH} deep`);
    }
    const parent = stack.at(-1);
    const attributes = new Map(Object.entries(tag.attributes));
    const wantsText = /^(?:Image|Data|Property)$/.test(tag.name);
    const element: Element = { name: tag.name, attributes, ...(wantsText ? { text: [] } : {}) };
    stack.push(element);
    const ofImage = inImage && parent === image;
    if (tag.name === 'Image' && image === undefined && stack.length === 2) {
      image = element;
      inImage = true;
    } else if (tag.name === 'Data' && ofImage) {
      data ??= element;
    } else if (tag.name === 'FITSKeyword' && ofImage) {
      const attribute = (key: string): string => attributes.get(key) ?? '';
      keywords.push({ name: attribute('name'), value: attribute('value'), comment: attribute('comment') });
    } else if (tag.name === 'ColorFilterArray' && ofImage) {
      if (attributes.get('width') === '2' && attributes.get('height') === '2') filters ??= attributes.get('pattern');
    }
  });
  const addText = (text: string): void => void stack.at(-1)?.text?.push(text);
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const element = stack.pop();
    if (element === image) inImage = false;
    if (element?.name !== 'Property') return;
    const id = element.attributes.get('id');
    const value = element.attributes.get('value') ?? element.text!.join('').trim();
    const target = stack.at(-1) === image && inImage ? own : stack.length === 1 ? shared : undefined;
    if (id !== undefined && target !== undefined && !target.has(id)) target.set(id, value);
  });

  for (let at = 0; at < xml.length; at += PIECE) {
    parser.write(xml.slice(at, at + PIECE));
    if (pace.due()) await pace.breathe();
  }
  parser.close();
  if (image === undefined) return undefined;
  return {
    attributes: image.attributes,
    text: image.text!.join(''),
    data: data && { attributes: data.attributes, text: data.text!.join('') },
    properties: new Map([...shared, ...own]),
    keywords,
    filters,
  };
}
