/** What the list on screen says in the status bar. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { useTabs } from './tabs'

export interface ListStatus {
  /** 共 1,286 条，显示 214 条 */
  records?: string
  /** 已选 1 条 · 214,075.80 元 */
  selected?: string
}

export const useStatus = defineStore('status', () => {
  const byTab = ref<Record<string, ListStatus>>({})
  const tabs = useTabs()
  const current = computed<ListStatus>(() => byTab.value[tabs.activeId] ?? {})
  /** `tab` is the tab's id, which the list gets as a prop */
  function set(tab: string, status: ListStatus): void {
    byTab.value[tab] = status
  }
  return { current, set }
})
