import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';

/** What the system told. */
export type Ring =
  /** Something is with this name in the folder. `comesOrGoes`: not just written to. */
  | { readonly kind: 'name'; readonly folder: string; readonly name: string; readonly comesOrGoes: boolean }
  /** Something is with the folder itself, or it was not told what. */
  | { readonly kind: 'folder'; readonly folder: string };

/** Asks the system to tell what happens in folders: one watch for each folder, however many files are in it. */
export class FolderBells {
  readonly #watches = new Map<string, { readonly watcher: FSWatcher; readonly id: string }>();
  readonly #onRing: (ring: Ring) => void;

  /** @param onRing is told at once, often several times for one change; never all: what is told too fast gets lost */
  constructor(onRing: (ring: Ring) => void) {
    this.#onRing = onRing;
  }

  /**
   * Listens to a folder, not to folders in it.
   *
   * @param id what is there: if another folder has taken its place, that one is listened to
   * @returns why the system does not tell, as it names faults (`ENOSPC`: no more watches; `EMFILE`: no more watchers)
   */
  listen(folder: string, id: string): string | undefined {
    if (this.#watches.get(folder)?.id === id) return undefined;
    this.drop(folder);
    try {
      const watcher = watch(folder, (type, name) => this.#heard(folder, type === 'rename', name));
      watcher.on('error', () => {
        this.drop(folder);
        this.#onRing({ kind: 'folder', folder });
      });
      this.#watches.set(folder, { watcher, id });
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  /** Those listened to. */
  folders(): string[] {
    return [...this.#watches.keys()];
  }

  /** Listens no more. */
  drop(folder: string): void {
    this.#watches.get(folder)?.watcher.close();
    this.#watches.delete(folder);
  }

  /** Listens to none any more. */
  clear(): void {
    for (const folder of this.folders()) this.drop(folder);
  }

  #heard(folder: string, comesOrGoes: boolean, name: string | null): void {
    // What becomes of a folder itself is told under its own name. If it is deleted, moved or unmounted, that is the last that
    // is told, and whatever comes to stand there, even with the same number, needs a new watch.
    const isItself = comesOrGoes && name === basename(folder);
    if (name !== null && !isItself) return this.#onRing({ kind: 'name', folder, name, comesOrGoes });
    if (isItself) this.drop(folder);
    this.#onRing({ kind: 'folder', folder });
  }
}
