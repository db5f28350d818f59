// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { tell } from '@/api/events'
import type { Session, Sync } from '@/api/types'
import { useSession } from './session'
import { useSync } from './sync'

const base: Sync = {
  state: 'synced', server: 'http://hq', machine: '01A', as_of: '2026-11-23T02:41:00.000Z', since: null, waiting: 0, waiting_bytes: 0, conflicts: 0, auto: 0, rejected: 0,
  progress: null, problem: null, clock_off_ms: 0,
}
let answers: Partial<Sync>[] = []
let held: (() => void)[] = []
let asked = 0
let holding = false
const settle = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 0) })
beforeEach(() => {
  answers = []
  held = []
  asked = 0
  holding = false
  setActivePinia(createPinia())
  vi.stubGlobal('fetch', vi.fn(async () => {
    const answer = { ...base, ...(answers[asked++] ?? answers.at(-1)) }
    if (holding) await new Promise<void>((resolve) => held.push(resolve))
    return new Response(JSON.stringify(answer), { status: 200 })
  }))
})

describe('the sync state', () => {
  it('is asked for, then follows the events, which know no counts', async () => {
    const store = useSync()
    answers = [{ conflicts: 2 }]
    await store.load()
    expect(store.sync?.conflicts).toBe(2)
    tell({ type: 'sync', sync: { state: 'waiting', waiting: 3, conflicts: 0 } })
    expect(store.status?.text).toBe('3 条待传')
    expect(store.sync?.conflicts).toBe(2)
    expect(asked).toBe(1)
  })
  it('asks for the counts again when an event says that conflicts came or went', async () => {
    const store = useSync()
    answers = [{}, { conflicts: 1 }]
    await store.load()
    const before = store.conflictsMoved
    tell({ type: 'sync', sync: { state: 'synced' }, conflicts_changed: true })
    await settle()
    expect(store.sync?.conflicts).toBe(1)
    expect(store.conflictsMoved).toBeGreaterThan(before)
  })
  it('takes of an answer that an event overtook only the counts', async () => {
    const store = useSync()
    await store.load()
    holding = true
    answers = [{}, { state: 'syncing', waiting: 1, conflicts: 4 }]
    const loading = store.load()
    await settle()
    tell({ type: 'sync', sync: { state: 'synced', waiting: 0 } })
    held.forEach((go) => go())
    await loading
    expect(store.sync).toMatchObject({ state: 'synced', waiting: 0, conflicts: 4 })
  })
  it('lets the answer asked for last count', async () => {
    const store = useSync()
    holding = true
    answers = [{ waiting: 1, state: 'waiting' }, { waiting: 0 }]
    const both = [store.load(), store.act('now')]
    await settle()
    held[1]?.()
    await settle()
    held[0]?.()
    await Promise.all(both)
    expect(store.sync).toMatchObject({ waiting: 0, state: 'synced' })
  })
  it('an event before the first answer asks', async () => {
    const store = useSync()
    tell({ type: 'sync', sync: { state: 'offline' } })
    await settle()
    expect(asked).toBe(1)
    expect(store.sync?.state).toBe('synced')
  })
  it('刚刚 becomes a time as minutes pass, and is asked for again before it is old', async () => {
    vi.useFakeTimers({ now: new Date(base.as_of!) })
    const store = useSync()
    useSession().session = { initialized: true, signed_in: true } as Session
    await store.load()
    expect(store.status?.text).toBe('已同步 · 刚刚')
    await vi.advanceTimersByTimeAsync(40_000)
    expect(asked).toBe(1)
    await vi.advanceTimersByTimeAsync(50_000)
    expect(asked).toBe(2)
    // this server has nothing newer to say
    expect(store.status?.text).toMatch(/^已同步 · \d\d:\d\d$/)
  })
})
