/** What can be decided in 系统配置, by name: Ctrl+K finds single settings. Read when first looked for, and anew for who else signs in. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { ModuleInfo } from '@/api/types'
import { settings as calls } from '@/pages/settings/calls'
import { COMPANY } from '@/pages/settings/model'
import { useModules } from './modules'

export interface SettingName { key: string; label: string; group: string }

export const useSettingNames = defineStore('settingNames', () => {
  const modules = useModules()
  const module = computed<ModuleInfo | undefined>(() => [...modules.byName.values()].find((one) => one.page === 'settings' && one.rights.includes('view')))
  const read = shallowRef<{ by: ModuleInfo; names: SettingName[] } | null>(null)
  const all = computed<SettingName[]>(() => (read.value && read.value.by === module.value ? read.value.names : []))

  let asked: ModuleInfo | undefined
  async function load(): Promise<void> {
    const by = module.value
    if (!by || asked === by) return
    asked = by
    try {
      const { groups } = await calls.all(COMPANY)
      read.value = { by, names: groups.flatMap((group) => group.settings.map(({ key, field }) => ({ key, label: field.label, group: group.label }))) }
    } catch {
      asked = undefined // the next one looks again
    }
  }
  return { module, all, load }
})
