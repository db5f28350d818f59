/** How this machine stands with the server: told by events, asked for again after a gap. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { onServerEvent } from '@/api/events'
import type { Sync, SyncAction } from '@/api/types'
import { sync as calls } from '@/sync/calls'
import { headlineOf, statusOf } from '@/sync/words'
import { useSession } from './session'

/** 刚刚 becomes a time, and minutes pass */
const TICK_MS = 10_000
/** an idle round changes no state and tells no event */
const STALE_MS = 45_000

export const useSync = defineStore('sync', () => {
  const sync = ref<Sync | null>(null)
  const now = ref(new Date())
  /** grows when lists of changes may be different: pages look again */
  const moved = ref(0)
  /** grows when conflicts came or went */
  const conflictsMoved = ref(0)
  const status = computed(() => (sync.value ? statusOf(sync.value, now.value) : null))
  const headline = computed(() => (sync.value ? headlineOf(sync.value, now.value) : null))
  const joined = computed(() => !!sync.value && sync.value.state !== 'alone')

  let asked = 0
  let heard = 0
  let loadedAt = 0
  function take(to: Sync): void {
    now.value = new Date()
    loadedAt = Date.now()
    const before = sync.value
    sync.value = to
    if (before && (before.conflicts !== to.conflicts || before.auto !== to.auto)) conflictsMoved.value++
    moved.value++
  }
  /** Of two answers the one asked for last counts; what an event said meanwhile is newer than both, but knows no counts. */
  async function ask(call: () => Promise<Sync>): Promise<void> {
    const mine = ++asked
    const at = heard
    const got = await call()
    if (mine !== asked) return
    take(at === heard || !sync.value ? got : { ...sync.value, conflicts: got.conflicts, auto: got.auto })
  }
  const load = (): Promise<void> => ask(calls.state)
  const act = (action: SyncAction): Promise<void> => ask(() => calls.act(action))
  const join = (server: string, code: string, key: string): Promise<void> => ask(() => calls.join(server, code, key))

  onServerEvent('sync', ({ sync: told, conflicts_changed }) => {
    heard++
    loadedAt = Date.now()
    const { conflicts: _conflicts, auto: _auto, ...rest } = told
    if (sync.value) sync.value = { ...sync.value, ...rest }
    if (!sync.value || conflicts_changed) void load().catch(() => undefined)
    if (conflicts_changed) conflictsMoved.value++
    now.value = new Date()
    moved.value++
  })
  setInterval(() => {
    now.value = new Date()
    if (!joined.value || !useSession().signedIn || document.visibilityState !== 'visible' || Date.now() - loadedAt < STALE_MS) return
    loadedAt = Date.now()
    void load().catch(() => undefined)
  }, TICK_MS)
  return { sync, now, moved, conflictsMoved, status, headline, joined, load, act, join }
})
