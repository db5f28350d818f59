/** The machines of the company: asked of the server, so not at every change. */
import { computed, onUnmounted, type ComputedRef } from 'vue'
import type { MachinesPage } from '@/api/types'
import { useSync } from '@/stores/sync'
import { sync as calls } from '@/sync/calls'
import { useFresh, type Fresh } from './useFresh'

const EVERY_MS = 30_000
export type Machines = Fresh<MachinesPage> & { asKnownAt: ComputedRef<Date> }

export function useMachines(): Machines {
  const store = useSync()
  const nobody: MachinesPage = { items: [], as_of: null, live: false }
  const fresh = useFresh(() => (store.joined ? calls.machines() : Promise.resolve(nobody)), () => `${store.joined} ${store.sync?.state === 'offline'}`)
  const timer = setInterval(() => { if (store.joined && document.visibilityState === 'visible') void fresh.load() }, EVERY_MS)
  onUnmounted(() => clearInterval(timer))
  /** while offline, what is known is as old as the last time online */
  const asKnownAt = computed(() => (fresh.data.value && !fresh.data.value.live && fresh.data.value.as_of ? new Date(fresh.data.value.as_of) : store.now))
  return { ...fresh, asKnownAt }
}
