import type { ReportArtifact } from '../report-data.js';
import { type Child, el, fill, name, part } from './dom.js';
import type { RunModel } from './run-model.js';
import { valueNode } from './shown.js';

const SHOWN = 60;

/** What the tasks handed in to be looked at, the newest attempt of each. */
export function artifacts(model: RunModel): void {
  const place = part('artifacts');
  if (place === undefined) return;
  const all = model.data.artifacts;
  const body = el('div', { class: 'artifacts' });
  const more = el('button', { type: 'button' });
  let shown = 0;
  const extend = (): void => {
    body.append(
      ...all.slice(shown, shown + SHOWN).map((artifact) => artifactNode(artifact, artifact.task < 0 ? undefined : model.id(artifact.task))),
    );
    shown += SHOWN;
    more.hidden = shown >= all.length;
    more.textContent = `Show more (${all.length - shown} left)`;
  };
  more.addEventListener('click', extend);
  extend();
  fill(place.body, body, more);
}

export function artifactNode(artifact: ReportArtifact, id?: string): HTMLElement {
  const whose = id === undefined ? undefined : el('button', { type: 'button', class: 'link', 'data-task': artifact.task }, name(id));
  return el(
    'figure',
    { class: `artifact kind-${artifact.view.kind}` },
    el('figcaption', {}, el('strong', {}, name(artifact.name)), whose && ' ', whose),
    viewNode(artifact),
  );
}

function viewNode({ view }: ReportArtifact): Child {
  switch (view.kind) {
    case 'image':
      return el('img', { src: view.source, alt: view.alt });
    case 'markup':
      return el('div', { class: 'markup' }, templateContent(view.template));
    default:
      return valueNode(view);
  }
}

/** Sanitised when the report was made, and inert in its template. */
function templateContent(id: string): Node | undefined {
  const template = document.getElementById(id);
  return template instanceof HTMLTemplateElement ? template.content.cloneNode(true) : undefined;
}
