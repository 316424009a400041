import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { plotImage } from '../../../src/report/plot-image.js';

const LITE = 'application/vnd.vegalite.v6+json';
const encoding = { x: { field: 'a', type: 'quantitative' }, y: { field: 'b', type: 'quantitative' } };
let asked = 0;
const server = createServer((_, response) => {
  asked++;
  response.end('[{"a": 1, "b": 2}]');
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => void server.close());

describe('a plot in a report', () => {
  it('is drawn from its Vega-Lite or Vega spec', async () => {
    const lite = await plotImage({ data: { values: [{ a: 1, b: 2 }] }, mark: 'point', encoding }, LITE);
    expect(lite).toEqual({ svg: expect.stringMatching(/^<svg[^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/) });
    const full = await plotImage(
      { width: 20, height: 20, marks: [{ type: 'rect', encode: { enter: { width: { value: 9 }, height: { value: 9 } } } }] },
      'application/vnd.vega.v6+json',
    );
    expect(full).toEqual({ svg: expect.stringContaining('<path') });
  });

  it('fetches nothing, neither from the web nor from the disk, and says so', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret.json`;
    const file = join(process.env.MILLRACE_HOME as string, 'secret.json');
    writeFileSync(file, '[{"a": 17, "b": 2}]');
    for (const address of [url, file, `file://${file}`])
      expect(await plotImage({ data: { url: address }, mark: 'point', encoding }, LITE)).toEqual({
        why: expect.stringContaining(`its data lie elsewhere (${address})`),
      });
    expect(asked).toBe(0);
  });

  it('links to nothing, and has no image from elsewhere', async () => {
    const mark = { type: 'image', url: 'https://example.org/a.png', href: 'javascript:alert(1)', width: 10, height: 10 };
    const drawn = await plotImage({ data: { values: [{ a: 1, b: 2 }] }, mark, encoding }, LITE);
    expect(drawn).toEqual({ svg: expect.not.stringMatching(/example\.org|javascript/) });
  });

  it('that makes no sense is told as that', async () => {
    expect(await plotImage({ mark: 17 }, LITE)).toEqual({ why: expect.stringContaining('it could not be drawn (') });
  });
});
