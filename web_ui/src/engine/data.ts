/** The engine's calls: one place that knows addresses and bodies (contract.md). */
import { api, type CallOptions } from '@/api/client'
import type {
  DeletePreview, DeleteResult, HistoryPage, Job, ListLayout, ListPage, ListQuery, RecordPage, SavedFilter, SavedView, Similar, TrailPage, TreeNode, Value,
} from '@/api/types'
import type { AdjustPreview, AdjustResult, Formula } from './model/adjust'

const at = (module: string, rest = ''): string => `/api/records/${encodeURIComponent(module)}${rest}`
const one = (module: string, id: string, rest = ''): string => at(module, `/${encodeURIComponent(id)}${rest}`)

const said = (confirmed: string[]): string => (confirmed.length ? `?confirmed=${confirmed.map(encodeURIComponent).join(',')}` : '')

export type Values = Record<string, Value>
/** Some records: by id, or all of a query but some. */
export type Meant = { ids: string[] } | { query: ListQuery; except: string[] }

export const records = {
  list: (module: string, query: ListQuery, signal?: AbortSignal): Promise<ListPage> => api.get<ListPage>(at(module), query, signal ? { signal } : {}),
  related: (module: string, id: string, tab: string, query: ListQuery, signal?: AbortSignal): Promise<ListPage> =>
    api.get<ListPage>(one(module, id, `/related/${encodeURIComponent(tab)}`), query, signal ? { signal } : {}),
  relatedCounts: (module: string, id: string, signal?: AbortSignal): Promise<Record<string, number>> => api.get<Record<string, number>>(one(module, id, '/related'), undefined, signal ? { signal } : {}),
  get: (module: string, id: string): Promise<RecordPage> => api.get<RecordPage>(one(module, id)),
  /** where a record stands in a list, from 0 */
  place: (module: string, id: string, query: ListQuery): Promise<{ place: number | null }> => api.get<{ place: number | null }>(one(module, id, '/place'), query),
  /** `confirmed`: the questions that were answered with yes */
  add: (module: string, values: Values, options: CallOptions, confirmed: string[] = []): Promise<RecordPage> => api.post<RecordPage>(at(module, said(confirmed)), values, options),
  change: (module: string, id: string, values: Values, options: CallOptions, confirmed: string[] = []): Promise<RecordPage> => api.patch<RecordPage>(one(module, id, said(confirmed)), values, options),
  previewDelete: (module: string, meant: Meant): Promise<DeletePreview> => api.post<DeletePreview>(at(module, '/delete'), { ...meant, preview: true }),
  delete: (module: string, meant: Meant, options: CallOptions = {}): Promise<DeleteResult> => api.post<DeleteResult>(at(module, '/delete'), meant, options),
  restore: (module: string, ids: string[]): Promise<{ restored: string[] }> => api.post<{ restored: string[] }>(at(module, '/restore'), { ids }),
  changeMany: (module: string, meant: Meant, set: Values, options: CallOptions = {}): Promise<{ changed: string[] }> => api.post<{ changed: string[] }>(at(module, '/change'), { ...meant, set }, options),
  previewAdjust: (module: string, meant: Meant, formula: Formula, signal: AbortSignal): Promise<AdjustPreview> => api.post<AdjustPreview>(at(module, '/adjust'), { ...meant, ...formula, preview: true }, { signal }),
  adjust: (module: string, meant: Meant, formula: Formula, digest: string, options: CallOptions): Promise<AdjustResult> => api.post<AdjustResult>(at(module, '/adjust'), { ...meant, ...formula, digest }, options),
  undoAdjust: (module: string, batch: string): Promise<{ restored: number; kept: number }> => api.post<{ restored: number; kept: number }>(at(module, '/adjust/undo'), { batch }),
  similar: (module: string, values: Values, id: string | null, signal: AbortSignal): Promise<Similar[]> => api.post<Similar[]>(at(module, '/similar'), id ? { values, id } : { values }, { signal }),
  trail: (module: string, id: string, name: string, after: string, signal: AbortSignal): Promise<TrailPage> => api.get<TrailPage>(one(module, id, `/trail/${encodeURIComponent(name)}`), after ? { after } : {}, { signal }),
  history: (module: string, id: string): Promise<HistoryPage> => api.get<HistoryPage>(one(module, id, '/history')),
  /** `ids`: only these of the query's rows */
  export: (module: string, format: 'xlsx' | 'csv', columns: string[], query: ListQuery, ids?: string[]): Promise<Job | { cancelled: true }> =>
    api.post<Job | { cancelled: true }>(`/api/export/${encodeURIComponent(module)}`, { format, columns, query, ...(ids ? { ids } : {}) }),
}

export const trees = {
  nodes: (module: string, count?: string): Promise<TreeNode[]> => api.get<TreeNode[]>(`/api/tree/${encodeURIComponent(module)}`, count ? { count } : {}),
}

export const layouts = {
  load: (module: string): Promise<ListLayout> => api.get<ListLayout>(`/api/layout/${encodeURIComponent(module)}`),
  save: (module: string, layout: ListLayout): Promise<unknown> => api.put(`/api/layout/${encodeURIComponent(module)}`, layout),
}

export const schemes = {
  all: (module: string): Promise<SavedFilter[]> => api.get<SavedFilter[]>(`/api/filters/${encodeURIComponent(module)}`),
  save: (module: string, name: string, view: SavedView): Promise<SavedFilter> => api.post<SavedFilter>(`/api/filters/${encodeURIComponent(module)}`, { name, view }),
  delete: (module: string, id: string): Promise<unknown> => api.delete(`/api/filters/${encodeURIComponent(module)}/${encodeURIComponent(id)}`),
}

/** most rows one page may have */
export const PAGE_MAX = 500

/** Ids of every row of a query but some, page after page: for calls that take ids only. */
export async function idsOf(module: string, query: ListQuery, except: ReadonlySet<string>): Promise<string[]> {
  const ids: string[] = []
  let after: string | null = null
  do {
    const page: ListPage = await records.list(module, { ...query, limit: PAGE_MAX, want: 'rows', ...(after ? { after } : {}) })
    for (const row of page.rows) if (!except.has(row.id)) ids.push(row.id)
    after = page.rows.length ? page.next : null
  } while (after)
  return ids
}
