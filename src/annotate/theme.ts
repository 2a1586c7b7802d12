import type { ObjectType } from '../objects/sky-object.ts';

/** Colours of a drawing. */
export interface Theme {
  readonly background: string;
  readonly halo: string;
  readonly grid: string;
  readonly gridLabel: string;
  readonly text: string;
  readonly star: string;
  readonly match: string;
  readonly north: string;
  readonly galaxy: string;
  readonly cluster: string;
  readonly nebula: string;
  readonly other: string;
}

/** For pictures with a dark sky, and for printing on white paper. */
export const THEMES: Readonly<Record<'dark' | 'light', Theme>> = {
  dark: {
    background: '#05070d',
    halo: '#000',
    grid: '#7fa8e8',
    gridLabel: '#a9c6f5',
    text: '#fff',
    star: '#c4e2ff',
    match: '#59e87d',
    north: '#ff6b5e',
    galaxy: '#ffb454',
    cluster: '#ffe66b',
    nebula: '#5ce0d0',
    other: '#d3c4ff',
  },
  light: {
    background: '#fff',
    halo: '#fff',
    grid: '#4a78bd',
    gridLabel: '#285a9f',
    text: '#111',
    star: '#222',
    match: '#0a8f33',
    north: '#c8281b',
    galaxy: '#b04a00',
    cluster: '#7a6400',
    nebula: '#00766a',
    other: '#5b3fb5',
  },
};

/** The colour of a kind of object. */
export function inkOf(theme: Theme, type: ObjectType): string {
  switch (type) {
    case 'star':
    case 'double-star':
    case 'nova':
      return theme.star;
    case 'galaxy':
    case 'galaxy-group':
      return theme.galaxy;
    case 'open-cluster':
    case 'globular-cluster':
    case 'association':
      return theme.cluster;
    case 'nebula':
    case 'dark-nebula':
    case 'cluster-with-nebula':
    case 'planetary-nebula':
    case 'supernova-remnant':
      return theme.nebula;
    case 'other':
      return theme.other;
  }
}
