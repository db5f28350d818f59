/** What a list hands to its print preview. A preview without it (after a reload) cannot know which list it was. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import type { ListQuery } from '@/api/types'
import type { Column } from '@/engine/model/layout'
import { useTabs } from './tabs'

export interface PrintRequest {
  module: string
  /** as filtered and sorted */
  query: ListQuery
  columns: Column[]
  total: number | null
  selected: number
  /** asked only when the selected rows are to be printed */
  ids: () => Promise<string[]>
}

export const usePrints = defineStore('prints', () => {
  const requests = shallowReactive(new Map<string, PrintRequest>())
  function open(request: PrintRequest): void {
    requests.set(request.module, request)
    useTabs().enter(`/print/${request.module}`)
  }
  return { requests, open }
})
