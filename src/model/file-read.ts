/** A question that a task run put to the file system, and the answer it got: reuse puts it again (S22b). Frozen, dumb data. */
export interface FileRead {
  /** With `/`. Relative to the project's root folder where it lies inside, so that a checkout may be moved; else absolute. */
  readonly path: string;
  /** `content`, `names`, `access 0` …: `reads/question.ts` lists them. */
  readonly question: string;
  /** For content the sha256, as 64 characters of hex; `absent` where there was nothing. */
  readonly answer: string;
  /** Of a large file: size, times and number at the time it was digested. While they are the same, nobody has to read it again. */
  readonly seen?: string;
}

/** Takes down what a task, or the body of a sub-flow, asks of the file system. Paths are absolute. */
export interface ReadSink {
  /** To be told before the question is put, unless its answer is given along. */
  asked(path: string, question: string, answer?: string): void;
  /** Something is read from an open file, by its number. */
  askedOpen(fd: number): void;
  /** A file was opened by code that was told of already. */
  opened(fd: number): void;
  /** What it wrote itself is no input of it, nor is anything below a folder it made or removed. */
  wrote(path: string, what: 'file' | 'folder'): void;
  /** Whether what lies there is its own work. */
  owns(path: string): boolean;
}
