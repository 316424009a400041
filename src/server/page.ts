const LINKS: readonly (readonly [address: string, what: string])[] = [
  ['/api/flows', 'flows, their schedules and what is next'],
  ['/api/runs', 'runs, newest first'],
  ['/api/due-runs', 'runs that are to be'],
  ['/api/backfills', 'backfills'],
  ['/api/services', 'services that live'],
  ['/api/limits', 'named limits that are in use'],
  ['/api/events', 'what happens, as it happens'],
  ['/api/openapi.json', 'all of it, as an OpenAPI document'],
];

/** For who opens the server's link in a browser: text and links, without script or style. */
export function startPage(location: string): string {
  const items = LINKS.map(([address, what]) => `<li><a href="${address}">${address}</a>: ${what}</li>`).join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Millrace</title>
<h1>Millrace</h1>
<p>The HTTP API of the runs in ${escaped(location)}.</p>
<ul>
${items}
</ul>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
