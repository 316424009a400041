import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { ctx, flow, markdown, param, plot, report, task } from '../../src/index.js';
import { openProject } from '../../src/runtime/project.js';
import { runRow } from '../fixtures/runs/rows.js';
import { eventually, freshHome, gate } from '../unit/engine/workbench.js';
import { faintTexts, focusedNode, focusedText, imageWidths, intruders, pageWidth, readyAfter } from './in-page.mjs';
import { CHROMIUM, PageOpener, textsOf } from './opened-page.js';

const opener = new PageOpener();
afterAll(async () => await opener[Symbol.asyncDispose]());

/** A task that is tried twice, a map with a failure, a skipped rest, logs of each level, an error with its place. */
async function unlucky(): Promise<string> {
  const load = task(
    () => {
      ctx().log.info('looking for rows');
      if (ctx().attempt === 1) throw new Error('the disk is asleep');
      return [1, 2, 3, 4].map((n) => ({ n, name: `row ${n}` }));
    },
    { name: 'load', retries: 1 },
  );
  const score = task(
    (row: { n: number }) => {
      if (row.n === 3) {
        ctx().log.error('three is not a number we like');
        throw new Error('no score for 3');
      }
      return row.n / 10;
    },
    { name: 'score' },
  );
  const sum = task((scores: readonly number[]) => scores.length, { name: 'sum' });
  const unluckyFlow = flow('unlucky', { params: { day: param({ default: 'monday' }) }, tags: ['nightly'] }, () => sum(score.map(load())));
  await unluckyFlow.run({}, { name: 'the first', throwOnFailure: false });
  return await report('unlucky/latest');
}

describe.skipIf(CHROMIUM === undefined)('a report in a browser', () => {
  it('shows what the record says: how it ended, why, of which tasks, with what parameters', async () => {
    freshHome();
    const { page, complaints } = await opener.open(await unlucky());
    expect(await page.title()).toMatch(/^unlucky · failed · /);
    expect(await page.locator('h1').textContent()).toContain('unlucky');
    expect(await page.locator('.top .pill').textContent()).toContain('failed');
    expect(await page.locator('.top').textContent()).toContain('the first');
    const failure = await page.locator('.failure').textContent();
    expect(failure).toContain('score#0[2]');
    expect(failure).toContain('no score for 3');
    expect(failure).toMatch(/at .*report\.test\.ts:\d+:\d+/);
    expect(await textsOf(page, '.legend button')).toEqual(['✕2 failed', '↑1 upstream-failed', '✓4 success']);
    expect(await page.locator('#summary').textContent()).toContain('"monday"');
    expect(await page.locator('#summary').textContent()).toContain('nightly');
    expect(await textsOf(page, '#tasks tbody th bdi')).toEqual(['load#0', 'score#0', 'sum#0']);
    expect(await page.locator('.graph g.box').count()).toBe(3);
    expect(await page.locator('.graph g.box.failed').textContent()).toContain('score <map> ×4');
    expect(complaints).toEqual([]);
  });

  it('shows the source text of a task, and of the files of the run, as text', async () => {
    freshHome();
    const { page, complaints } = await opener.open(await unlucky());
    expect(await textsOf(page, 'nav a[href="#code"]')).toEqual([expect.stringMatching(/^Code \d+$/)]);
    const own = page.locator('#code details', { hasText: 'test/browser/report.test.ts' });
    expect(await own.locator('pre').count()).toBe(0);
    await own.locator('summary').click();
    const text = (await own.locator('pre').textContent()) ?? '';
    expect(text).toContain("throw new Error('the disk is asleep')");
    expect(text).toBe(readFileSync(fileURLToPath(import.meta.url), 'utf8'));
    // <img src=x onerror="window.hurt = true"> stands in this file: as text it stays.
    expect(await page.locator('#code img').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('shows a task run when its box, its line, its name in the log or its address is chosen', async () => {
    freshHome();
    const html = await unlucky();
    const { page, complaints } = await opener.open(html);
    const title = page.locator('#detail h2');
    await page.locator('.graph g[data-node="load#0"]').click();
    expect(await title.textContent()).toBe('load#0');
    const shown = await page.locator('#detail').textContent();
    expect(shown).toContain('2 attempts');
    expect(shown).toContain('failed, tried again');
    expect(shown).toContain('the disk is asleep');
    expect(await textsOf(page, '#detail .data tbody tr')).toEqual(['1row 1', '2row 2', '3row 3', '4row 4']);
    expect(await textsOf(page, '#detail .lines .text')).toEqual(['looking for rows', 'looking for rows']);
    await page.keyboard.press('Escape');
    expect(await page.locator('#detail').isHidden()).toBe(true);

    await page
      .locator('#tasks tbody tr')
      .nth(2)
      .click({ position: { x: 400, y: 10 } });
    expect(await title.textContent()).toBe('sum#0');
    expect(new URL(page.url()).hash).toBe('#task=sum%230');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.locator('#log .lines button', { hasText: 'score#0[2]' }).click();
    expect(await title.textContent()).toBe('score#0[2]');
    expect(await page.locator('#detail').textContent()).toContain('three is not a number we like');

    const linked = await opener.open(html, { hash: 'task=score%230%5B2%5D' });
    expect(await linked.page.locator('#detail h2').textContent()).toBe('score#0[2]');
    expect([...complaints, ...linked.complaints]).toEqual([]);
  });

  it('can be read and used with the keyboard alone', async () => {
    freshHome();
    const { page, complaints } = await opener.open(await unlucky());
    await page.keyboard.press('Tab');
    expect(await page.evaluate(focusedText)).toBe('Skip to the task runs');
    await page.locator('.graph g[data-node="score#0"]').focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate(focusedText)).toBe('score#0');
    await page.keyboard.press('Escape');
    expect(await page.evaluate(focusedNode)).toBe('score#0');
    await page.locator('.timeline canvas').focus();
    for (const key of ['+', '+', 'ArrowRight', '-', '0']) await page.keyboard.press(key);
    expect(await page.locator('[role="img"]:not([aria-label])').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('filters and sorts its table, and folds maps', async () => {
    freshHome();
    const { page, complaints } = await opener.open(await unlucky());
    const ids = (): Promise<readonly string[]> => textsOf(page, '#tasks tbody th bdi');
    await page.getByRole('button', { name: 'Show the 4 children of score#0' }).click();
    expect(await ids()).toEqual(['load#0', 'score#0', 'score#0[0]', 'score#0[1]', 'score#0[2]', 'score#0[3]', 'sum#0']);
    await page.getByLabel('Filter task runs by text').fill('no score');
    await eventually(async () => expect(await ids()).toEqual(['score#0', 'score#0[2]', 'sum#0']));
    await page.getByLabel('Filter task runs by text').fill('');
    await page.getByLabel('Filter task runs by state').selectOption('failed');
    expect(await ids()).toEqual(['score#0', 'score#0[2]']);
    await page.locator('.legend button', { hasText: 'upstream-failed' }).click();
    expect(await ids()).toEqual(['sum#0']);
    await page.getByLabel('Filter task runs by state').selectOption('');
    await page.locator('#tasks thead button', { hasText: 'Attempts' }).click();
    expect((await ids())[0]).toBe('load#0');
    expect(await page.locator('#tasks th[aria-sort="descending"]').textContent()).toContain('Attempts');
    await page.getByLabel('fold maps').uncheck();
    expect(await ids()).toHaveLength(7);
    await page.getByLabel('Least level of log lines').selectOption('errors');
    expect(await textsOf(page, '#log .line .text')).toEqual(['three is not a number we like']);
    expect(complaints).toEqual([]);
  });

  it('shows on its timeline what a click on it chooses', async () => {
    freshHome();
    const slow = gate();
    const wait = task(async () => await slow.opened, { name: 'wait' });
    const running = flow('long', () => wait()).start();
    for await (const event of running.events()) if (event.type === 'task-state' && event.node === 'wait#0') break;
    // A task that runs longer has its row early (S19).
    await using project = await openProject();
    await eventually(async () => expect(await project.record.taskRuns(running.id)).toHaveLength(1));
    const html = await report(running.id);
    slow.open();
    await running.result();
    const { page, complaints } = await opener.open(html);
    expect(await page.locator('.notice').textContent()).toContain('still going on');
    const box = await page.locator('.timeline canvas').boundingBox();
    // The only bar reaches to the end.
    await page.locator('.timeline canvas').click({ position: { x: (box?.width ?? 0) - 40, y: 37 } });
    expect(await page.locator('#detail h2').textContent()).toBe('wait#0');
    expect(complaints).toEqual([]);
  });

  it('takes nothing of a run for markup, whatever its names, values, errors and logs are', async () => {
    freshHome();
    const evil = (where: string): string =>
      `</script></style><img src=x onerror="hacked='${where}'"><script>hacked='${where}'</script>"'\`\${x} שלום 🐧 \u202egnp`;
    const fails = task(
      (text: string) => {
        console.log(evil('log'));
        throw Object.assign(new Error(evil('error') + text), { name: evil('error name') });
      },
      { name: evil('task').replaceAll('/', '∕') },
    );
    const gives = task(() => [{ [evil('column')]: evil('cell') }], { name: 'gives' });
    const odd = flow(evil('flow').replaceAll('/', '∕'), { params: { text: param({ default: evil('parameter') }) } }, ({ text }) => {
      gives();
      return fails(text).outcome();
    });
    const handle = odd.start({}, { name: evil('name'), tags: [evil('tag')] });
    await handle.result();
    const { page, complaints } = await opener.open(await report(handle.id));
    await page
      .locator('#tasks tbody tr')
      .nth(1)
      .click({ position: { x: 400, y: 8 } });
    expect(await page.locator('#detail').textContent()).toContain(evil('error'));
    await page.locator('#tasks tbody button.link').first().click();
    expect(await textsOf(page, '#detail td')).toEqual([expect.stringContaining(evil('cell').slice(0, 70))]);
    expect(await textsOf(page, '#log .line .text')).toEqual([evil('log')]);
    expect(await page.evaluate(intruders)).toEqual([undefined, 0, 2]);
    expect(complaints).toEqual([]);
  });

  it('shows artifacts and metrics: plots drawn, images whole, markdown sanitised, curves, and how to get the rest', async () => {
    freshHome();
    const data = { values: [1, 2, 3].map((a) => ({ a, b: a * a })) };
    const encoding = { x: { field: 'a', type: 'quantitative' }, y: { field: 'b', type: 'quantitative' } };
    const look = task(
      async () => {
        const context = ctx();
        await context.artifact('words', markdown('# Found\n\n<script>hacked=1</script> ![x](http://example.org/x.png) [y](javascript:hacked=1)'));
        await context.artifact('rows', [{ name: '<b>', n: 1 }]);
        await context.artifact('plot', plot({ data, mark: 'line', encoding }));
        await context.artifact('elsewhere', plot({ data: { url: 'http://example.org/data.json' }, mark: 'line', encoding }));
        await context.artifact(
          'svg',
          '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="hacked=1"><script>hacked=1</script><image href="http://example.org/i.png"/></svg>',
        );
        await context.artifact('bytes', new Uint8Array([1, 2, 3]));
        for (let step = 0; step < 1_000; step++) context.metric('loss', step === 500 ? Number.NaN : 1 / (step + 1), step);
        ctx().progress(0.5, 'half');
      },
      { name: 'look' },
    );
    const wait = gate();
    const watch = task(async () => { ctx().progress(0.25, 'a quarter <b>'); await wait.opened; }, { name: 'watch' }); // biome-ignore format: one line
    const running = flow('seen', () => {
      ctx().metric('rows', 3);
      return [watch.after(look())()];
    }).start();
    await using project = await openProject();
    const said = async () => (await project.record.taskRuns(running.id)).map(({ progress }) => progress?.message);
    await eventually(async () => expect(await said()).toContain('a quarter <b>'));
    const html = await report(running.id);
    wait.open();
    await running.result();
    const { page, complaints } = await opener.open(html);
    expect(await textsOf(page, '#artifacts figcaption strong')).toEqual(['bytes', 'elsewhere', 'plot', 'rows', 'svg', 'words']);
    expect(await page.evaluate(imageWidths)).toEqual([expect.any(Number), 9]);
    expect(await page.locator('.markup').innerHTML()).toContain('<h1>Found</h1>');
    expect(await page.locator('.markup a, .markup img, .markup script').count()).toBe(0);
    expect(await textsOf(page, '#artifacts td')).toEqual(['<b>', '1']);
    const refused = await textsOf(page, '#artifacts .kind-none');
    expect(refused[0]).toContain(`millrace inspect '${running.id}/look#0' --artifact bytes -o <file>`);
    expect(refused[1]).toContain('its data lie elsewhere (http://example.org/data.json)');
    expect(await textsOf(page, '#metrics h3')).toEqual(['rows', 'loss']);
    expect(await page.locator('#metrics .chart path.line-0').getAttribute('d')).toMatch(/^M.*L.*M.*L/);
    await page.locator('#tasks tbody button.link', { hasText: 'watch' }).click();
    expect(await page.locator('#detail .facts').textContent()).toContain('25 % a quarter <b>');
    expect(await page.evaluate(faintTexts)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('opens well with 5,000 task runs', { timeout: 120_000 }, async () => {
    freshHome();
    const score = task(
      (n: number) => {
        if (n % 1_000 === 7) throw new Error(`no score for ${n}`);
        return { n, score: n / 5_000 };
      },
      { name: 'score' },
    );
    const list = task((count: number) => Array.from({ length: count }, (_, n) => n), { name: 'list' });
    const other = task((n: number) => n, { name: 'other' });
    const many = flow('many', () => {
      const scored = score.map(list(4_000)).states();
      for (let n = 0; n < 999; n++) other(n);
      return scored;
    });
    await many.run();
    const html = await report('many/latest');
    expect(html.length).toBeLessThan(3_000_000);
    const paints: number[] = [];
    // The machine may be busy with other things: the best of three is what the page takes.
    for (let round = 0; round < 3 && Math.min(...paints, Number.POSITIVE_INFINITY) >= 1_500; round++) {
      const { page, complaints } = await opener.open(html);
      paints.push(await page.evaluate(readyAfter));
      expect(await page.locator('[role="status"]').first().textContent()).toContain('of 5,001 task runs');
      expect(await page.locator('#tasks tbody tr').count()).toBe(100);
      await page.getByRole('button', { name: 'Next page' }).click();
      await page.getByLabel('Filter task runs by text').fill('score#0[1007]');
      await eventually(async () => expect(await textsOf(page, '#tasks tbody th bdi')).toEqual(['score#0[1007]']));
      // Two shapes for the map and its list, one for all calls of the other task.
      expect(await page.locator('.graph g.box').count()).toBe(3);
      await page.locator('.graph g.box', { hasText: 'other' }).click();
      expect(await page.getByLabel('Filter task runs by text').inputValue()).toBe('other');
      expect(complaints).toEqual([]);
      await page.close();
    }
    expect(Math.min(...paints)).toBeLessThan(1_500);
  });

  it('is there for runs without tasks, cancelled and crashed ones, and results that are gone', async () => {
    freshHome();
    await flow('empty', () => 1).run();
    const empty = await opener.open(await report('empty/latest'));
    expect(await empty.page.locator('#summary').textContent()).toContain('No task was called.');

    const held = gate();
    const hang = task(async () => await Promise.race([held.opened, new Promise((_, reject) => ctx().signal.addEventListener('abort', reject))]), {
      name: 'hang',
    });
    const handle = flow('stopped', () => hang()).start();
    for await (const event of handle.events()) if (event.type === 'task-state' && event.node === 'hang#0') break;
    await handle.cancel('enough');
    await handle.result().catch(() => undefined);
    const stopped = await opener.open(await report(handle.id));
    expect(await stopped.page.locator('.failure h2').textContent()).toContain('was cancelled: enough');

    await using project = await openProject();
    const row = runRow({ id: 'gone-1', flow: 'gone', createdAt: Date.now() - 5_000 });
    await project.record.open({ ...row, owner: { ...row.owner, pid: 2 ** 22 + 1, pidStarted: '1' } });
    const crashed = await opener.open(await report('gone-1'));
    expect(await crashed.page.locator('.top .pill').textContent()).toContain('crashed');

    const value = task(() => 'precious', { name: 'value' });
    const kept = flow('kept', () => value()).start();
    await kept.result();
    const [taskRun] = await project.record.taskRuns(kept.id);
    await project.record.discard(taskRun?.artifacts.map(({ ref }) => ref.contentDigest) ?? []);
    const lost = await opener.open(await report(kept.id), { hash: 'task=value%230' });
    expect(await lost.page.locator('#detail').textContent()).toMatch(/It is not shown: the result at 'record:[^']*' is gone/);
    for (const { complaints } of [empty, stopped, crashed, lost]) expect(complaints).toEqual([]);
  });

  it('says where the rest of a long log is', async () => {
    freshHome();
    await using project = await openProject();
    const loud = runRow({ id: 'loud-1', flow: 'loud' });
    await project.record.open(loud);
    const logs = Array.from({ length: 9_000 }, (_, seq) => ({ seq, at: 1_000 + seq, level: 'info' as const, text: `line ${seq}` }));
    await project.record.append({ run: loud.id, epoch: 0, logs, change: { state: 'success', finishedAt: 20_000 } });
    const html = await report(loud.id);
    expect(html.length).toBeLessThan(1_500_000);
    const { page, complaints } = await opener.open(html);
    expect(await page.locator('#log [role="status"]').textContent()).toBe('6,000 of 9,000 lines');
    await page.getByLabel('Filter log lines by text').fill('line 2999');
    await eventually(async () => expect(await textsOf(page, '#log .line .text')).toEqual(['line 2999']));
    expect(await page.locator('.gap').textContent()).toBe(
      `3,000 lines are not in this report, but for warnings and errors among them. All of them: millrace logs ${loud.id}`,
    );
    expect(complaints).toEqual([]);
  });

  it('has text that stands out from what it is on, in light and dark, and fits narrow screens', async () => {
    freshHome();
    const html = await unlucky();
    for (const dark of [false, true]) {
      const { page, complaints } = await opener.open(html, { dark, hash: 'task=load%230' });
      expect(await page.evaluate(faintTexts)).toEqual([]);
      expect(complaints).toEqual([]);
    }
    const narrow = await opener.open(html, { width: 375 });
    expect(await narrow.page.evaluate(pageWidth)).toBe(375);
  });
});
