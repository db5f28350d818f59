import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api } from '@/api/client'
import type { Chapter, ModuleInfo, Modules, Right } from '@/api/types'

export const useModules = defineStore('modules', () => {
  const chapters = ref<Chapter[]>([])
  const byName = ref<Map<string, ModuleInfo>>(new Map())
  const loaded = ref(false)

  async function load(): Promise<void> {
    const got = await api.get<Modules>('/api/modules')
    chapters.value = got.chapters
    byName.value = new Map(got.modules.map((m) => [m.name, m]))
    loaded.value = true
  }
  function find(name: string): ModuleInfo | undefined {
    return byName.value.get(name)
  }
  function can(name: string, right: Right): boolean {
    return find(name)?.rights.includes(right) ?? false
  }
  /** chapters that have something to open, each with its menu entries */
  const menu = computed(() =>
    chapters.value
      .map((chapter) => ({ chapter, modules: [...byName.value.values()].filter((m) => m.chapter === chapter.name && m.in_menu && m.rights.includes('view')) }))
      .filter((entry) => entry.modules.length > 0),
  )
  return { chapters, byName, loaded, menu, load, find, can }
})
