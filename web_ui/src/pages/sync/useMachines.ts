/** The machines of the company: asked of the server, so not at every change. */
import { computed, onUnmounted, ref, type ComputedRef } from 'vue'
import { onServerEvent } from '@/api/events'
import type { MachinesPage } from '@/api/types'
import { useSync } from '@/stores/sync'
import { sync as calls } from '@/sync/calls'
import { useFresh, type Fresh } from './useFresh'

const EVERY_MS = 30_000
export type Machines = Omit<Fresh<MachinesPage>, 'data'> & { data: ComputedRef<MachinesPage | null>; asKnownAt: ComputedRef<Date> }

export function useMachines(): Machines {
  const store = useSync()
  const nobody: MachinesPage = { items: [], as_of: null, live: false }
  /** a machine that joined, or was shut out, is a record like any other */
  const changes = ref(0)
  const drop = onServerEvent('changed', ({ module }) => { if (module === 'machine') changes.value++ })
  const fresh = useFresh(() => (store.joined ? calls.machines() : Promise.resolve(nobody)), () => `${store.joined} ${store.sync?.state === 'offline'} ${changes.value}`)
  const timer = setInterval(() => { if (store.joined && document.visibilityState === 'visible') void fresh.load() }, EVERY_MS)
  onUnmounted(() => {
    clearInterval(timer)
    drop()
  })
  // the server was told how much waited here before it was sent; this machine knows better
  const own = (page: MachinesPage): MachinesPage => ({ ...page, items: page.items.map((one) => (one.is_me ? { ...one, waiting: store.sync?.waiting ?? null } : one)) })
  const data = computed(() => (fresh.data.value ? own(fresh.data.value) : null))
  /** while offline, what is known is as old as the last time online */
  const asKnownAt = computed(() => (fresh.data.value && !fresh.data.value.live && fresh.data.value.as_of ? new Date(fresh.data.value.as_of) : store.now))
  return { ...fresh, data, asKnownAt }
}
