/** The conflicts of one kind, page after page, and which of them is looked at. */
import { computed, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'
import type { Conflict } from '@/api/types'
import { useSync } from '@/stores/sync'
import { sync as calls } from '@/sync/calls'
import { showProblem } from '@/ui/problem'
import { useFresh } from './useFresh'

export interface Conflicts {
  items: ShallowRef<Conflict[]>
  total: Ref<number>
  current: ComputedRef<Conflict | undefined>
  at: ComputedRef<number>
  hasMore: ComputedRef<boolean>
  loaded: ComputedRef<boolean>
  error: ShallowRef<unknown>
  load: () => Promise<void>
  more: () => Promise<void>
  look: (id: string) => void
  step: (by: number) => Promise<void>
  settled: (ids: string[]) => void
}

export function useConflicts(state: 'open' | 'auto'): Conflicts {
  const store = useSync()
  const items = shallowRef<Conflict[]>([])
  const total = ref(0)
  const next = ref<string | null>(null)
  const chosen = ref('')
  /** as many as are on the screen: a second look must not take away what was loaded */
  async function read(): Promise<Conflict[]> {
    const wanted = Math.max(1, items.value.length)
    const got: Conflict[] = []
    let after: string | null = null
    do {
      const page = await calls.conflicts(state, after)
      got.push(...page.items)
      total.value = page.total
      after = next.value = page.items.length ? page.next : null
    } while (after && got.length < wanted)
    return got
  }
  const fresh = useFresh(read, () => store.conflictsMoved)
  watch(fresh.data, (got) => { if (got) items.value = got })

  const at = computed(() => Math.max(0, items.value.findIndex((one) => one.id === chosen.value)))
  const current = computed(() => items.value[at.value])
  const hasMore = computed(() => !!next.value)
  let reading = false
  async function more(): Promise<void> {
    if (!next.value || reading) return
    reading = true
    try {
      const page = await calls.conflicts(state, next.value)
      const known = new Set(items.value.map((one) => one.id))
      items.value = [...items.value, ...page.items.filter((one) => !known.has(one.id))]
      next.value = page.items.length ? page.next : null
      total.value = page.total
    } catch (error) {
      showProblem(error)
    } finally {
      reading = false
    }
  }
  function look(id: string): void { chosen.value = id }
  async function step(by: number): Promise<void> {
    if (at.value + by >= items.value.length && next.value) await more()
    const to = items.value[at.value + by]
    if (to) chosen.value = to.id
  }
  /** They are gone; the one that follows is looked at. */
  function settled(ids: string[]): void {
    const gone = new Set(ids)
    const rest = items.value.filter((one) => !gone.has(one.id))
    const follows = items.value.slice(at.value).find((one) => !gone.has(one.id)) ?? rest[rest.length - 1]
    total.value = Math.max(0, total.value - (items.value.length - rest.length))
    items.value = rest
    chosen.value = follows?.id ?? ''
    if (!rest.length && next.value) void more()
    void store.load().catch(() => undefined)
  }
  return { items, total, current, at, hasMore, loaded: computed(() => fresh.data.value !== null), error: fresh.error, load: fresh.load, more, look, step, settled }
}
