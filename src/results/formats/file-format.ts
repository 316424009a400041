/**
 * A serializer whose library writes and reads files by itself, by their paths. Where a store has files on this machine, that saves the way
 * through the process's memory, which takes longer than all the rest.
 */
export interface FileFormat {
  /** Does the library write this value, and is it so large that a file is worth it? Others are encoded. */
  takes(value: unknown): boolean;
  /** @throws what the library does; failures of the file system bear its code */
  write(value: unknown, path: string): void;
  /** Is this a file that the library wrote? Others are decoded. The file need not be whole. */
  knows(path: string): Promise<boolean>;
  /** What it gives back no longer depends on the file. */
  read(path: string): Promise<unknown>;
}
