// Functions that run in the page and not here: plain scripts, since nothing else of the tests knows a DOM.

/** @returns {string | null | undefined} */
export function focusedText() {
  return document.activeElement?.textContent;
}

/** @returns {string | null | undefined} */
export function focusedNode() {
  return document.activeElement?.getAttribute('data-node');
}

/** What an intruder would have left: a variable, images, scripts beside the page's own two. @returns {readonly unknown[]} */
export function intruders() {
  return [Reflect.get(window, 'hacked'), document.images.length, document.scripts.length];
}

/** When the first of the page was painted, or its script was done, whatever was later; milliseconds. @returns {number} */
export function readyAfter() {
  const paint = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
  return Math.max(paint, Number(document.documentElement.dataset.ready));
}

/** 0 for those that could not be shown. @returns {readonly number[]} */
export function imageWidths() {
  return [...document.images].map((image) => image.naturalWidth);
}

/** @returns {number} */
export function pageWidth() {
  return document.documentElement.scrollWidth;
}

/** Texts with a contrast below 4.5 to 1 (WCAG 2.2, AA). @returns {readonly string[]} */
export function faintTexts() {
  const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = colour;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const faint = new Set();
  for (const element of document.querySelectorAll('body *:not(script, style, svg *, option)')) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
    if (!own || element.closest('[disabled]') !== null || !element.checkVisibility()) continue;
    const [a, b] = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((one, other) => other - one);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faint.add(`${element.className || element.tagName}: ${contrast.toFixed(2)} (${element.textContent?.slice(0, 30)})`);
  }
  return [...faint];
}

/** Draws a text with the Mermaid that the page has, in the place of what was drawn before. @returns {Promise<object>} a `RenderedDrawing` */
export async function drawMermaid({ text, trust }) {
  const mermaid = Reflect.get(window, 'mermaid');
  mermaid.initialize({ startOnLoad: false, securityLevel: trust });
  const { svg } = await mermaid.render('drawing', text);
  document.getElementById('place')?.remove();
  const place = document.createElement('div');
  place.id = 'place';
  place.innerHTML = svg;
  document.body.append(place);
  const drawn = place.querySelector('svg');
  const textsOf = (selector) =>
    [...drawn.querySelectorAll(selector)].map((element) => (element.querySelector('.nodeLabel') ?? element).innerText ?? '');
  const isStrange = (element) =>
    /^(script|img|image|iframe|object|embed|a|form|input|video|audio|link|meta|base)$/i.test(element.localName) ||
    element.getAttributeNames().some((name) => name.startsWith('on') || element.getAttribute(name).trim().toLowerCase().startsWith('javascript:'));
  const { width, height } = drawn.getBoundingClientRect();
  return {
    title: drawn.querySelector('.flowchartTitleText')?.textContent,
    nodes: textsOf('g.node'),
    clusters: textsOf('g.cluster .nodeLabel'),
    edges: drawn.querySelectorAll('path.flowchart-link').length,
    edgeLabels: textsOf('g.edgeLabel .edgeLabel').filter((label) => label !== ''),
    size: { width, height },
    strangers: [...place.querySelectorAll('*')].filter(isStrange).map((element) => element.outerHTML.slice(0, 200)),
  };
}
