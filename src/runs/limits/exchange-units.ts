import type { ServiceSession } from '../service/database.js';
import type { LimitAnswer, LimitMeaning, LimitRequest } from './limit-request.js';
import { FRESH_MS, findParts, kindOf, openUses, type Part, removePart, writePart } from './parts.js';
import { shareOut } from './share.js';
import { openIn, type Starts, startsIn, withStarts } from './window.js';

/** How long the way to the record may take. */
const SAME_TIME_MS = 1_000;

/** What is recorded of a limit itself. */
interface Known {
  readonly meaning: LimitMeaning;
  readonly saidAt: number;
  readonly starts: Starts;
}

/** Inside a transaction. @param given the time, where it is not the record's */
export async function exchangeUnits(session: ServiceSession, given: number | undefined, holder: string, request: LimitRequest): Promise<LimitAnswer> {
  const { name } = request.meaning;
  const kind = kindOf(request.meaning);
  await session.lock(`limit ${kind} ${name}`);
  const now = given ?? (await session.now());
  const found = await findParts(session, { name, kind });
  const isOpen = await openUses(session, [...found.flatMap(({ uses }) => uses), ...request.uses]);
  const [others, dead] = split(
    found.filter((part) => part.holder !== holder),
    ({ uses }) => uses.some(isOpen),
  );
  for (const part of dead) await removePart(session, name, kind, part.holder);
  const before = found.find((part) => part.holder === holder);
  const known = await findMeaning(session, name, kind);
  const said = meant(known, request.meaning, now - request.saidAgoMs, others.length > 0);
  const { meaning } = said;
  const { periodMs } = meaning;
  const lost = periodMs === undefined ? [] : await startsOfDead(session, dead);
  const starts = periodMs === undefined ? [] : withStarts(known?.starts ?? [], [...request.started.map((ago) => now - ago), ...lost], periodMs, now);
  // What it says to have of what was taken from it is not its own any more.
  const kept = periodMs === undefined ? Math.min(request.inUse, before?.held ?? 0) : 0;
  const asked = asDated(request, now);
  const asking: Part = { ...asked, holder, held: kept, demand: request.uses.some(isOpen) ? asked.demand : [], seenAt: now };
  const waiting = others.map((part) => (part.seenAt < now - FRESH_MS ? { ...part, demand: [] } : part));
  const held = others.reduce((sum, part) => sum + part.held, kept);
  const { left, ...share } = shareOut(holder, [asking, ...waiting], meaning.max, meaning.max - held - startsIn(starts));
  await writeMeaning(session, kind, known, { ...said, starts });
  const part = { ...asking, held: kept + share.granted, demand: left };
  if (part.held > 0 || part.demand.length > 0) await writePart(session, name, kind, part);
  else if (before !== undefined) await removePart(session, name, kind, holder);
  const heldElsewhere = others.filter((other) => other.held > 0);
  return {
    ...share,
    meaning,
    changedFrom: said.changedFrom,
    opensIn: periodMs === undefined || heldElsewhere.length > 0 ? 0 : opening(starts, meaning.max, part.held, periodMs, now),
    heldBy: heldElsewhere.flatMap(({ uses }) => uses.map(({ run }) => run)),
  };
}

/** By the record's clock. */
function asDated({ demand, uses }: LimitRequest, now: number): Pick<Part, 'demand' | 'uses'> {
  return {
    demand: demand.map(({ agoMs, ...asked }) => ({ ...asked, at: now - agoMs })),
    uses: uses.map(({ agoMs, ...use }) => ({ ...use, at: now - agoMs })),
  };
}

function opening(starts: Starts, max: number, held: number, periodMs: number, now: number): number {
  const over = startsIn(starts) + held + 1 - max;
  const inMs = over <= 0 ? 0 : openIn(starts, over, periodMs, now);
  return Number.isFinite(inMs) ? inMs : 0;
}

/** Starts that those who have gone were allowed and have not told of: they may have been made until their runs ended. */
async function startsOfDead(session: ServiceSession, dead: readonly Part[]): Promise<readonly number[]> {
  const starts: number[] = [];
  for (const { uses, held, seenAt } of dead) {
    const runs = uses.map(({ run }) => run);
    if (runs.length === 0) continue;
    const [row] = await session.rows(`SELECT max(finished_at) FROM run WHERE id IN (${runs.map(() => '?').join(', ')})`, ...runs);
    for (let each = 0; each < held; each++) starts.push(Math.max(seenAt, (row?.[0] ?? 0) as number));
  }
  return starts;
}

/** Whoever said it last is right, for all who use it now; where nobody else does, whoever uses it. */
function meant(
  known: Known | undefined,
  own: LimitMeaning,
  saidAt: number,
  isShared: boolean,
): Omit<Known, 'starts'> & Pick<LimitAnswer, 'changedFrom'> {
  const said = { meaning: own, saidAt, changedFrom: undefined };
  if (known === undefined) return said;
  const isSame = known.meaning.max === own.max && known.meaning.periodMs === own.periodMs;
  // Said again at about the same time: nothing to write down.
  if (isSame && saidAt < known.saidAt + SAME_TIME_MS) return { ...known, changedFrom: undefined };
  if (isSame || !isShared) return said;
  if (known.saidAt >= saidAt) return { meaning: known.meaning, saidAt: known.saidAt, changedFrom: undefined };
  return { ...said, changedFrom: known.meaning };
}

export async function findMeaning(session: ServiceSession, name: string, kind: string): Promise<Known | undefined> {
  const [row] = await session.rows('SELECT max, period_ms, said_at, starts FROM named_limit WHERE name = ? AND kind = ?', name, kind);
  if (row === undefined) return undefined;
  const [max, periodMs, saidAt, starts] = row;
  return {
    meaning: { name, max: max as number, periodMs: (periodMs as number | null) ?? undefined },
    saidAt: saidAt as number,
    starts: JSON.parse(starts as string),
  };
}

async function writeMeaning(session: ServiceSession, kind: string, known: Known | undefined, { meaning, saidAt, starts }: Known): Promise<void> {
  const { name, max, periodMs } = meaning;
  const text = JSON.stringify(starts);
  const isSame =
    known !== undefined &&
    known.meaning.max === max &&
    known.meaning.periodMs === periodMs &&
    known.saidAt === saidAt &&
    JSON.stringify(known.starts) === text;
  if (isSame) return;
  await session.rows(
    'INSERT INTO named_limit (name, kind, max, period_ms, said_at, starts) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name, kind) DO UPDATE SET ' +
      'max = excluded.max, period_ms = excluded.period_ms, said_at = excluded.said_at, starts = excluded.starts',
    name,
    kind,
    max,
    periodMs ?? null,
    saidAt,
    text,
  );
}

function split<T>(all: readonly T[], isFirst: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(isFirst), all.filter((one) => !isFirst(one))];
}
