/**
 * Page tabs. A tab is an address ('/start', '/m/customer', '/m/stock_entry/opening', '/help/customer', '/sync/conflicts', '/print/customer', '/print/sale/document', '/import/customer'); what it shows is decided in src/app/TabHost.vue.
 * Which tabs are open is kept per operator under /api/state/tabs.
 */
import { defineStore } from 'pinia'
import { computed, ref, watch } from 'vue'
import { loadState, saveState } from '@/api/client'
import type { SavedView, Value } from '@/api/types'
import { useForms } from './forms'

/** What somebody else (start page, search, related list) asks a list to do when it is opened. */
export interface ListRequest {
  /** filter / period / sort to show now (not remembered as the user's layout) */
  view?: Partial<SavedView>
  /** the cursor goes to this field of the one record there is */
  field?: string
  /** words looked for in the whole list */
  q?: string
  /** open this record in its dialog */
  open?: string
  /** start a new record with these values */
  create?: Record<string, Value>
  /** what the new document is filled from */
  from?: { source: string; id: string }
  /** all rows again, where only those of a shortcut are shown */
  whole?: boolean
  /** what is looked at over all its records */
  survey?: true
  /** only rows with this flaw */
  flaw?: string
  /** choose this node of the group tree */
  group?: string
  /** grows with every request, so that the same one can be asked again */
  n: number
}

export interface Tab {
  id: string
  path: string
  kind: 'start' | 'list' | 'help' | 'sync' | 'print' | 'import' | 'bin' | 'duplicates' | 'flaws'
  /** module (of a list, a print preview or an import), help topic or part of the sync centre */
  name: string
  /** the part of a list that is shown, where it has a name of its own (期初库存 of 其他出入库) */
  part?: string
  request?: ListRequest
}

const START: Tab = { id: '/start', path: '/start', kind: 'start', name: '' }

export function tabOf(path: string): Tab | null {
  const [, head, name = '', part = ''] = path.split('?')[0]?.split('/') ?? []
  if (head === 'start' || !head) return { ...START }
  if (head === 'm' && name) return { id: `/m/${name}`, path: `/m/${name}`, kind: 'list', name: decodeURIComponent(name), ...(part ? { part: decodeURIComponent(part) } : {}) }
  if (head === 'help') return { id: '/help', path: `/help/${name}`, kind: 'help', name: decodeURIComponent(name) }
  if (head === 'sync') return { id: '/sync', path: name ? `/sync/${name}` : '/sync', kind: 'sync', name: decodeURIComponent(name) }
  if (head === 'print' && name && part === 'document') return { id: `/print/${name}/document`, path: `/print/${name}/document`, kind: 'print', name: decodeURIComponent(name) }
  if (head === 'print' && name) return { id: `/print/${name}`, path: `/print/${name}`, kind: 'print', name: decodeURIComponent(name) }
  if (head === 'bin') return { id: '/bin', path: '/bin', kind: 'bin', name: '' }
  if (head === 'flaws') return { id: '/flaws', path: '/flaws', kind: 'flaws', name: '' }
  if (head === 'duplicates') return { id: '/duplicates', path: name ? `/duplicates/${name}` : '/duplicates', kind: 'duplicates', name: decodeURIComponent(name) }
  if (head === 'import' && name) return { id: `/import/${name}`, path: `/import/${name}`, kind: 'import', name: decodeURIComponent(name) }
  return null
}

/** Whether the next start opens it again: a preview knows its list no more, an import its file, and a finished one is told in its list. */
const comesBack = (tab: Tab): boolean => !['start', 'print', 'import'].includes(tab.kind)

/** Where it is found again: a list, with the part of it that is shown. */
const addressOf = (tab: Tab): string => (tab.kind === 'list' && tab.part ? `${tab.path}/${encodeURIComponent(tab.part)}` : tab.path)

const VISITED = 50

export const useTabs = defineStore('tabs', () => {
  const tabs = ref<Tab[]>([{ ...START }])
  const activeId = ref(START.id)
  const active = computed(() => tabs.value.find((tab) => tab.id === activeId.value) ?? START)
  /** grows when the user goes into a page (not only past it): the keyboard follows */
  const entered = ref(0)
  let requests = 0
  let restored = false
  /** where the user was, the latest last: closing a page goes back there */
  const visited: string[] = []
  watch(activeId, (_, before) => { visited.push(before); visited.splice(0, visited.length - VISITED) }, { flush: 'sync' })

  /** Opens (or comes back to) an address. */
  function show(path: string, request?: Omit<ListRequest, 'n'>): void {
    const wanted = tabOf(path)
    if (!wanted) return
    const old = tabs.value.find((tab) => tab.id === wanted.id)
    if (old) {
      old.path = wanted.path
      old.name = wanted.name
    } else {
      tabs.value.push(wanted)
    }
    const tab = old ?? tabs.value[tabs.value.length - 1]
    if (tab && request) tab.request = { ...request, n: ++requests }
    activeId.value = wanted.id
  }
  function enter(path: string): void {
    show(path)
    entered.value++
  }
  function openList(module: string, request?: Omit<ListRequest, 'n'>): void {
    show(`/m/${module}`, request)
  }

  function showsPart(id: string, part: string | undefined): void {
    const tab = tabs.value.find((one) => one.id === id)
    if (!tab || tab.part === part) return
    if (part) tab.part = part
    else delete tab.part
  }

  /** Asks first when a form in it is not saved. */
  async function close(id: string): Promise<boolean> {
    const tab = tabs.value.find((t) => t.id === id)
    if (!tab || tab.kind === 'start') return false
    if (!(await useForms().settle((form) => form.tab === id))) return false
    const at = tabs.value.indexOf(tab)
    tabs.value.splice(at, 1)
    if (activeId.value === id) {
      const back = visited.findLast((one) => tabs.value.some((tab) => tab.id === one))
      activeId.value = back ?? (tabs.value[at] ?? tabs.value[at - 1] ?? START).id
      entered.value++
    }
    return true
  }
  async function closeOthers(id: string): Promise<void> {
    for (const tab of tabs.value.filter((t) => t.id !== id && t.kind !== 'start')) if (!(await close(tab.id))) return
  }
  function step(by: number): void {
    const at = tabs.value.findIndex((tab) => tab.id === activeId.value)
    const next = tabs.value[(at + by + tabs.value.length) % tabs.value.length]
    if (next) activeId.value = next.id
    entered.value++
  }
  function move(id: string, before: string): void {
    const from = tabs.value.findIndex((tab) => tab.id === id)
    const to = tabs.value.findIndex((tab) => tab.id === before)
    if (from < 1 || to < 1 || from === to) return
    const [tab] = tabs.value.splice(from, 1)
    if (tab) tabs.value.splice(to, 0, tab)
  }

  async function restore(known: (tab: Tab) => boolean): Promise<void> {
    const kept = await loadState<{ open: string[]; active: string } | null>('tabs', null).catch(() => null)
    for (const path of kept?.open ?? []) {
      const tab = tabOf(path)
      if (tab && comesBack(tab) && known(tab) && !tabs.value.some((t) => t.id === tab.id)) tabs.value.push(tab)
    }
    if (kept && tabs.value.some((tab) => tab.id === kept.active)) activeId.value = kept.active
    visited.length = 0
    restored = true
  }
  watch([() => tabs.value.map(addressOf).join('\n'), activeId], () => {
    if (restored) void saveState('tabs', { open: tabs.value.map(addressOf), active: activeId.value }).catch(() => undefined)
  })

  return { tabs, activeId, active, entered, show, enter, openList, showsPart, close, closeOthers, step, move, restore }
})
