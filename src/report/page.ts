import { createHash } from 'node:crypto';
import { grouped } from '../graph/draw/printable.js';
import { formatMs } from '../log/format-ms.js';
import { FINAL_RUN_STATES } from '../model/states.js';
import type { Gathered } from './gather.js';
import { html, jsonForScript, type Markup, textOf, trusted } from './html.js';
import type { PageAssets } from './page-assets.js';
import { statePill, summary, timeText } from './summary.js';

/**
 * The whole page: what matters most is there before its script runs, all else the script makes of the data in it. The policy lets nothing in
 * but this style, this script and images in the page itself, so that nothing a run has left behind can send or fetch anything.
 */
export function renderPage(gathered: Gathered, { script, style }: PageAssets): string {
  const { run, rows, data } = gathered;
  const policy = [
    "default-src 'none'",
    `script-src '${digestOf(script)}'`,
    `style-src '${digestOf(style)}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="millrace">
<title>${run.flow} · ${run.state} · ${run.id}</title>
<link rel="icon" href="${iconOf(run.state)}">
<style>${trusted(style)}</style>
</head>
<body>
<a class="skip" href="#tasks">Skip to the task runs</a>
${header(gathered)}
<nav aria-label="Parts of this report"><ul>
<li><a href="#summary">Summary</a></li>
<li><a href="#graph">Graph</a></li>
<li><a href="#timeline">Timeline</a></li>
<li><a href="#tasks">Task runs <span class="count">${grouped(rows.length)}</span></a></li>
${data.metrics.length > 0 && html`<li><a href="#metrics">Metrics <span class="count">${grouped(data.metrics.length)}</span></a></li>`}
${data.artifacts.length > 0 && html`<li><a href="#artifacts">Artifacts <span class="count">${grouped(data.artifacts.length)}</span></a></li>`}
<li><a href="#log">Log <span class="count">${grouped(data.logs.total)}</span></a></li>
${data.sources !== undefined && html`<li><a href="#code">Code <span class="count">${grouped(data.sources.files.length)}</span></a></li>`}
</ul></nav>
<main>
<section id="summary" aria-label="Summary">${summary(gathered)}</section>
${section('graph', 'Graph', graphOf(gathered))}
${section('timeline', 'Timeline')}
${section('tasks', 'Task runs')}
${data.metrics.length > 0 && section('metrics', 'Metrics')}
${data.artifacts.length > 0 && section('artifacts', 'Artifacts')}
${section('log', 'Log')}
${data.sources !== undefined && section('code', 'Code')}
<noscript><p class="card">This page needs its script, which is part of it, for everything below the graph.</p></noscript>
</main>
<aside id="detail" aria-label="The chosen task run" hidden></aside>
<footer>Made by Millrace at ${timeText(data.madeAt)}.</footer>
${templatesOf(gathered)}
<script type="application/json" id="data">${jsonForScript(data)}</script>
<script>${trusted(script)}</script>
</body>
</html>
`;
  return textOf(page);
}

function header({ run, rows, data }: Gathered): Markup {
  const going = !FINAL_RUN_STATES.has(run.state);
  const end = run.finishedAt ?? (going ? data.madeAt : undefined);
  const took = run.startedAt === undefined || end === undefined ? undefined : formatMs(end - run.startedAt);
  return html`<header class="top" data-state="${run.state}">
<h1><bdi>${run.flow}</bdi> ${statePill(run.state)}</h1>
<p>${run.name !== undefined && html`<strong><bdi>${run.name}</bdi></strong> · `}<code>${run.id}</code> · ${timeText(run.startedAt ?? run.createdAt)}${
    took !== undefined && ` · ${took}`
  } · ${grouped(rows.length)} task runs</p>
${going && html`<p class="notice">The run was still going on when this report was made, at ${timeText(data.madeAt)}.</p>`}
</header>`;
}

function section(id: string, title: string, body?: Markup): Markup {
  return html`<section id="${id}" class="part" aria-labelledby="${id}-title"><div class="head"><h2 id="${id}-title">${title}</h2><div class="tools"></div></div>
<div class="body">${body}</div></section>`;
}

function graphOf({ graph }: Gathered): Markup {
  if ('why' in graph) return html`<p class="faint">${graph.why}</p>`;
  // Our own drawing: every text in it went through its one escape.
  return html`<div class="graph">${trusted(graph.svg)}</div>`;
}

function templatesOf({ templates }: Gathered): Markup {
  return html`${[...templates].map(([id, markup]) => html`<template id="${id}">${markup}</template>`)}`;
}

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

const ICON_COLOURS: Readonly<Record<string, string>> = { success: '#1a7f37', failed: '#cf222e', 'timed-out': '#cf222e', running: '#bf8700' };

/** A dot in the state's colour, to find the page among many. */
function iconOf(state: string): string {
  const colour = ICON_COLOURS[state] ?? '#6e7781';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="${colour}"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
