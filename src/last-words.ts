/** The process that writes the last words of another one into its record: see `runs/postgres/last-words.ts`. */
import { buffer } from 'node:stream/consumers';
import { writeLastWords } from './runs/postgres/last-words.js';

await writeLastWords(await buffer(process.stdin));
