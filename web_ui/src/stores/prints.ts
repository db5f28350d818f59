/** What a list or a document hands to its print preview. A preview without it (after a reload) cannot know what it was. */
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { loadState, saveState } from '@/api/client'
import type { DocumentPrint, ListQuery } from '@/api/types'
import type { Column } from '@/engine/model/layout'
import { labelAsk, labelsOf, priceListAsk, type LabelRequest, type LabelSettings, type PriceListRequest } from '@/engine/print/labels'
import { useModules } from './modules'
import { useTabs, type ListRequest } from './tabs'

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
export interface PaperRequest {
  module: string
  id: string
  /** its number */
  title: string
  kind: string
  prints: DocumentPrint[]
  /** which of them comes first */
  name: string
  /** what its list is asked to do when the preview is closed */
  back: Omit<ListRequest, 'n'>
  /** the list that is, where it is another one's */
  backTo?: string
  /** what is no document says what makes it */
  ask?: { path: string; body: object }
  /** what is asked follows from one of these, which the preview can change */
  labels?: LabelRequest
  priceList?: PriceListRequest
}
type Opened = Pick<PaperRequest, 'module' | 'id' | 'title' | 'back'>
const LABELS_AT = 'labels'

/** The prints of a kind. */
export const printsOf = (prints: DocumentPrint[] | undefined, kind: string): DocumentPrint[] => (prints ?? []).filter((one) => kind in one.titles)
export const printWords = (one: DocumentPrint, kind: string): string => `${one.template ?? one.titles[kind] ?? ''}（${one.paper_label}）`
/** What comes first: what was asked for, the template the company prints by, what was printed last, what ships. */
export function firstOf(prints: DocumentPrint[], asked: string | undefined, last: string | null): DocumentPrint | undefined {
  const named = (name: string | null | undefined): DocumentPrint | undefined => prints.find((one) => one.name === name)
  return named(asked) ?? prints.find((one) => one.is_default) ?? named(last) ?? prints[0]
}

export const usePrints = defineStore('prints', () => {
  const modules = useModules()
  const requests = shallowReactive(new Map<string, PrintRequest>())
  const papers = shallowReactive(new Map<string, PaperRequest>())
  function open(request: PrintRequest): void {
    requests.set(request.module, request)
    useTabs().enter(`/print/${request.module}`)
  }
  /** The prints of a kind as they are now: templates come and go while a list or a preview stays open. */
  const offered = (module: string, kind: string): DocumentPrint[] => printsOf(modules.find(module)?.document?.prints, kind)
  const keptAt = (module: string, kind: string): string => `paper:${module}:${kind}`
  function keep(module: string, kind: string, name: string): void { void saveState(keptAt(module, kind), name).catch(() => undefined) }
  /** Shows a document as it prints: by the paper that is named, else the company's, else the one its kind was printed on last. */
  async function openPaper(request: Omit<PaperRequest, 'name'>, name?: string): Promise<void> {
    const last = await loadState<string | null>(keptAt(request.module, request.kind), null).catch(() => null)
    const chosen = firstOf(request.prints, name, last)
    if (!chosen) return
    if (name) keep(request.module, request.kind, name)
    papers.set(request.module, { ...request, name: chosen.name })
    useTabs().enter(`/print/${request.module}/document`)
  }
  /** Shows something that follows from what is asked for, as it was asked for last. */
  async function openAsked(of: Opened, asked: (kept: Partial<LabelSettings> | null) => Pick<PaperRequest, 'labels' | 'priceList'>): Promise<void> {
    const kept = await loadState<Partial<LabelSettings> | null>(LABELS_AT, null).catch(() => null)
    papers.set(of.module, asking({ ...of, kind: '', prints: [], name: '', ...asked(kept) }))
    useTabs().enter(`/print/${of.module}/document`)
  }
  const asking = (one: PaperRequest): PaperRequest => ({ ...one, ...(one.labels ? { ask: labelAsk(one.labels) } : one.priceList ? { ask: priceListAsk(one.priceList) } : {}) })
  const openLabels = (of: Opened, labels: Omit<LabelRequest, 'settings'>): Promise<void> =>
    openAsked(of, (kept) => ({ labels: { ...labels, settings: labelsOf(kept, labels.info) } }))
  const openPriceList = (of: Opened, priceList: Omit<PriceListRequest, 'settings'>): Promise<void> =>
    openAsked(of, (kept) => ({ priceList: { ...priceList, settings: labelsOf(kept, priceList.info) } }))
  /** Other settings of labels or prices, which the next ones begin with. */
  function setLabels(module: string, change: { settings?: LabelSettings; copies?: number | null }): void {
    const one = papers.get(module)
    if (!one) return
    const { labels, priceList } = one
    papers.set(module, asking({ ...one, ...(labels ? { labels: { ...labels, ...change } } : {}), ...(priceList && change.settings ? { priceList: { ...priceList, settings: change.settings } } : {}) }))
    if (change.settings) void saveState(LABELS_AT, change.settings).catch(() => undefined)
  }
  return { requests, papers, offered, open, openPaper, openLabels, openPriceList, setLabels, keep }
})
