import type { ServiceSession } from './database.js';

/** What people have settled about a flow, whoever serves it. */
export interface FlowSetting {
  readonly flow: string;
  readonly pausedAt: number | undefined;
  readonly pausedWhy: string | undefined;
}

export async function findFlowSettings(session: ServiceSession): Promise<readonly FlowSetting[]> {
  const rows = await session.rows('SELECT flow, paused_at, paused_why FROM flow_setting ORDER BY flow');
  return rows.map(([flow, at, why]) => ({
    flow: flow as string,
    pausedAt: (at ?? undefined) as number | undefined,
    pausedWhy: (why ?? undefined) as string | undefined,
  }));
}

/** Inside a transaction. @param at undefined: it goes on @returns whether that changed anything */
export async function pauseFlow(session: ServiceSession, flow: string, at: number | undefined, why?: string): Promise<boolean> {
  const [before] = await session.rows('SELECT paused_at FROM flow_setting WHERE flow = ?', flow);
  const isPaused = before !== undefined && before[0] !== null;
  if (isPaused === (at !== undefined)) return false;
  await session.rows(
    'INSERT INTO flow_setting (flow, paused_at, paused_why) VALUES (?, ?, ?) ' +
      'ON CONFLICT (flow) DO UPDATE SET paused_at = excluded.paused_at, paused_why = excluded.paused_why',
    flow,
    at ?? null,
    at === undefined ? null : (why ?? null),
  );
  return true;
}
