/** The calls of documents with lines: one place that knows their addresses and bodies. */
import { api, type CallOptions } from '@/api/client'
import type { DocumentPage, FoundProduct, FoundProducts, Job, SheetLine, SourceOffers, Value, WorkedOut } from '@/api/types'

export interface SheetBody { values: Record<string, Value>; lines: SheetLine[] }
export interface SaveBody extends SheetBody { post: boolean; confirmed?: string[]; answers?: string }
/** what a person has just set; `was`: the choice that stood there before */
export type Touched = { field: string; was?: string } | { line: number; field: string }

export interface GlanceBody { id?: string; values: Record<string, Value>; line: SheetLine }
export interface Glance {
  title: string
  /** as the entry row would have found it */
  item: FoundProduct | null
  heads: string[]
  places: { name: string; amounts: number[] }[]
  choices: { label: string; value: number; note: string }[]
}

const at = (module: string, rest = ''): string => `/api/documents/${encodeURIComponent(module)}${rest}`
const one = (module: string, id: string, rest = ''): string => at(module, `/${encodeURIComponent(id)}${rest}`)

export const documents = {
  get: (module: string, id: string): Promise<DocumentPage> => api.get<DocumentPage>(one(module, id)),
  add: (module: string, body: SaveBody, options: CallOptions): Promise<DocumentPage> => api.post<DocumentPage>(at(module), body, options),
  change: (module: string, id: string, body: SaveBody, options: CallOptions): Promise<DocumentPage> => api.patch<DocumentPage>(one(module, id), body, options),
  /** the version that lost, as a sheet */
  other: (module: string, id: string, key: string): Promise<WorkedOut> => api.get<WorkedOut>(one(module, id, `/other/${encodeURIComponent(key)}`)),
  act: (module: string, id: string, action: string, body: { reason?: string; confirmed?: string[] }, options: CallOptions): Promise<DocumentPage> =>
    api.post<DocumentPage>(one(module, id, `/${encodeURIComponent(action)}`), body, options),
  workOut: (module: string, body: SheetBody & { id?: string; changed?: Touched }, signal: AbortSignal): Promise<WorkedOut> => api.post<WorkedOut>(at(module, '/work-out'), body, { signal }),
  /** what the sheet can be filled from, and the sheet filled from one of them */
  sources: (module: string, source: string, body: SheetBody, text = ''): Promise<SourceOffers> => api.post<SourceOffers>(`${at(module, `/sources/${encodeURIComponent(source)}`)}${text ? `?text=${encodeURIComponent(text)}` : ''}`, body),
  take: (module: string, source: string, id: string, body: SheetBody): Promise<WorkedOut> => api.post<WorkedOut>(at(module, `/sources/${encodeURIComponent(source)}/${encodeURIComponent(id)}`), body),
  /** the same with all there is, as a job whose result is the sheet */
  takeAll: (module: string, source: string, body: SheetBody): Promise<Job> => api.post<Job>(at(module, `/sources/${encodeURIComponent(source)}/all`), body),
  /** what stands behind a line, and the prices it may have */
  glance: (module: string, body: GlanceBody): Promise<Glance> => api.post<Glance>(at(module, '/glance'), body),
  find: (module: string, text: string, limit: number, signal?: AbortSignal): Promise<FoundProducts> => api.get<FoundProducts>(at(module, '/find'), { text, limit }, signal ? { signal } : {}),
}
