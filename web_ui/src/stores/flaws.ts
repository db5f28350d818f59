/** What stands in the lists and nobody could have saved (GET /api/flaws): how much of it there is, asked for again when one of those lists changes. */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { api } from '@/api/client'
import { onServerEvent } from '@/api/events'
import type { FlawPage } from '@/api/types'
import { useModules } from './modules'
import { useSession } from './session'

/** a page of changes from elsewhere tells of many lists: look once when it is quiet */
const SOON_MS = 1_200

export const useFlaws = defineStore('flaws', () => {
  const total = ref(0)
  /** grows when there may be others */
  const moved = ref(0)
  const modules = useModules()
  const looked = computed(() => new Set([...modules.byName.values()].filter((one) => one.flaws.length).map((one) => one.name)))

  async function load(): Promise<void> {
    if (!looked.value.size || !useSession().signedIn) { total.value = 0; return }
    total.value = (await api.get<{ total: number }>('/api/flaws/count')).total
  }
  const list = (): Promise<FlawPage> => api.get<FlawPage>('/api/flaws')

  let soon = 0
  function later(ms: number): void {
    window.clearTimeout(soon)
    soon = window.setTimeout(() => { moved.value++; void load().catch(() => undefined) }, ms)
  }
  onServerEvent('changed', ({ module }) => { if (looked.value.has(module)) later(SOON_MS) })
  watch(looked, () => later(0), { immediate: true })
  return { total, moved, load, list }
})
