import { and, asc, eq, isNotNull, lt, sql } from '../drizzle.ts'
import type { StoreDatabase } from '../open.ts'
import { type MemberRow, members } from '../schema/members.ts'

/** What is known of one coordinator. */
export interface SeenMember {
  readonly instance: string
  readonly nodeId: string
  readonly url: string
  readonly version: string
  readonly incarnation: number
  /** 1 when it has answered a challenge, else 0. */
  readonly verified: number
  readonly turn: number
  /** Milliseconds since 1970. */
  readonly now: number
}

/** All coordinators that this one has heard of, read once at start. */
export function listMembers(db: StoreDatabase): MemberRow[] {
  return db.select().from(members).orderBy(asc(members.instance)).all()
}

/** Deletes those that another instance took the place of before a time (milliseconds since 1970); says how many. Forgotten ones stay. */
export function dropReplacedMembers(db: StoreDatabase, before: number): number {
  return db
    .delete(members)
    .where(and(eq(members.forgotten, 0), lt(members.goneAt, before)))
    .run().changes
}

/** Other coordinators: what was seen of them, and how far their feeds were read. */
export function prepareMembers(db: StoreDatabase) {
  const instance = sql.placeholder('instance')
  const now = sql.placeholder('now')
  const ofInstance = eq(members.instance, instance)
  const times = { firstSeenAt: now, lastSeenAt: now }
  const get = db.select().from(members).where(ofInstance).prepare()
  const cursor = db.select({ feedCursor: members.feedCursor }).from(members).where(ofInstance).prepare()
  const see = db
    .insert(members)
    .values({
      instance,
      nodeId: sql.placeholder('nodeId'),
      url: sql.placeholder('url'),
      version: sql.placeholder('version'),
      verified: sql.placeholder('verified'),
      incarnation: sql.placeholder('incarnation'),
      turnSeen: sql.placeholder('turn'),
      ...times,
    })
    .onConflictDoUpdate({
      target: members.instance,
      set: {
        nodeId: sql`excluded.node_id`,
        url: sql`excluded.url`,
        version: sql`excluded.version`,
        verified: sql`excluded.verified`,
        incarnation: sql`max(incarnation, excluded.incarnation)`,
        turnSeen: sql`max(turn_seen, excluded.turn_seen)`,
        lastSeenAt: sql`excluded.last_seen_at`,
      },
    })
    .prepare()
  const saveCursor = db
    .insert(members)
    .values({ instance, feedCursor: sql.placeholder('feedCursor'), ...times })
    .onConflictDoUpdate({ target: members.instance, set: { feedCursor: sql`excluded.feed_cursor` } })
    .prepare()
  const forget = db
    .insert(members)
    .values({ instance, forgotten: 1, goneAt: now, ...times })
    .onConflictDoUpdate({ target: members.instance, set: { forgotten: 1, goneAt: sql`excluded.gone_at` } })
    .prepare()
  const replace = db
    .update(members)
    .set({ goneAt: sql`coalesce(gone_at, ${now})` })
    .where(ofInstance)
    .prepare()
  const comeBack = db
    .update(members)
    .set({ goneAt: null })
    .where(and(ofInstance, eq(members.forgotten, 0), isNotNull(members.goneAt)))
    .prepare()
  return {
    get: (of: string): MemberRow | undefined => get.get({ instance: of }),
    /** Notes what is known of a member. Its turn and its incarnation never go back, and a forgotten one stays forgotten. */
    see: (member: SeenMember): void => void see.run({ ...member }),
    /** How far its feed was read, or 0. */
    feedCursor: (of: string): number => cursor.get({ instance: of })?.feedCursor ?? 0,
    saveFeedCursor: (row: { instance: string; feedCursor: number; now: number }): void => void saveCursor.run(row),
    /** Another instance answers at its URL. The first time stands. */
    replace: (row: { instance: string; now: number }): void => void replace.run(row),
    /** It answers again after all, at this URL or another. Of no effect on a forgotten one. */
    comeBack: (of: string): void => void comeBack.run({ instance: of }),
    /** For good: it will never return under this instance id. */
    forget: (row: { instance: string; now: number }): void => void forget.run(row),
  }
}
