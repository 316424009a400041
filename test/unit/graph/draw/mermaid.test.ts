import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toMermaid } from '../../../../src/graph/draw/mermaid.js';
import { edge, graph, node, preview, times } from './sample.js';

describe('toMermaid', () => {
  it('S27 S29 draws the same picture as DOT', () => {
    expect(toMermaid(preview)).toBe(
      [
        '---',
        'title: "penguins"',
        '---',
        'flowchart TD',
        '  note["graph is incomplete#58; the body decides at flow.ts#58;12#58;3"]:::note',
        '  classDef note fill:#ffffff,stroke:none,color:#57606a',
        '  n0("load<br/>pending")',
        '  n1("setup<br/>complete")',
        '  subgraph s2["prepare · pending"]',
        '    direction TB',
        '    n3("clean<br/>pending")',
        '    n4("split<br/>pending")',
        '  end',
        '  n5("train<br/>pending")',
        '  n6("publish<br/>unknown · may run")',
        '  n0 -->|"rows"| s2',
        '  n1 -.-> n0',
        '  n3 -->|"rows"| n4',
        '  s2 -->|"rows.train"| n5',
        '  n0 -->|"raw"| n5',
        '  n5 -.-> n6',
        '  linkStyle 5 stroke:#8c959f,stroke-dasharray:1 4',
        '  classDef complete fill:#dafbe1,stroke:#1a7f37,color:#1f2328',
        '  class n1 complete',
        '  classDef pending fill:#fff8c5,stroke:#9a6700,color:#1f2328',
        '  class n0,s2,n3,n4,n5 pending',
        '  classDef unknown fill:#f3f4f6,stroke:#6e7781,color:#1f2328',
        '  class n6 unknown',
        '  classDef may_run stroke-dasharray:5 4',
        '  class n6 may_run',
        '',
      ].join('\n'),
    );
  });

  it('keeps `<` out of the title, where Mermaid takes it for HTML', () => {
    expect(toMermaid(graph([], [], { flowName: 'a < b <c>' }))).toContain('title: "a ‹ b ‹c>"\n');
  });

  it('draws joints of control fans as small circles', () => {
    const nodes = [...times(20, (i) => node(`a#${i}`)), ...times(20, (i) => node(`b#${i}`))];
    const mermaid = toMermaid(
      graph(
        nodes,
        times(400, (i) => edge(`a#${i % 20}`, `b#${Math.floor(i / 20)}`, undefined, 'control')),
      ),
    );
    expect(mermaid).toContain('  j40((" "))');
    expect(mermaid.match(/-\.->/g)).toHaveLength(40);
  });

  it('law: no label leaves its quotes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (task, label) => {
        const mermaid = toMermaid(graph([node('a#0', { task }), node('b#0')], [edge('a#0', 'b#0', label)]));
        const lines = mermaid.split('\n').slice(4, -1);
        expect(lines).toHaveLength(3);
        for (const line of lines)
          expect(line).toMatch(
            /^ {2}(n\d\("[^"<>`\\{}|;&]*(?:#\d+;[^"<>`\\{}|;&]*)*"\)|n0 -->(\|"[^"<>`\\{}|;&]*(?:#\d+;[^"<>`\\{}|;&]*)*"\|)? n1)$/,
          );
      }),
      { examples: [['"]; click a href "x"', '#quot;`<script>']] },
    );
  });
});
