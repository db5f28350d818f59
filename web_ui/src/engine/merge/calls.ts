/** The calls of the recycle bin and of merging, and what they answer. */
import { api } from '@/api/client'
import type { Labels, RecordPage, Row } from '@/api/types'

export interface Along { label: string; count: number }
export interface Gone { module: string; noun: string; icon: string; id: string; title: string; at: string; by: string; along: Along[] }
export interface BinPage { rows: Gone[]; next: string | null; modules: { name: string; label: string }[] }
export interface BinQuery { module: string; q: string; from: string; to: string; after?: string }
export interface GonePreview extends RecordPage { along: (Along & { titles: string[] })[] }
/** what a restored record needs and is deleted, too */
export interface Parent { module: string; id: string; title: string; noun: string }

export interface Likeness { id: string; title: string; context: string; created_at: string | null }
export interface Group { score: number; kind: 'same' | 'likely'; reasons: string[]; hinders: string[]; rows: Likeness[] }
export interface GroupPage { groups: Group[]; total: number; next: number | null }
export interface Comparison { rows: Row[]; labels: Labels; related: Record<string, Along[]>; score: number; reasons: string[]; hinders: string[]; held: Held[] }
/** what records hold in a balance, place by place, in words: each alone and all together; `below` zero */
export interface Held { label: string; rows: { place: string; each: string[]; below: boolean[]; total: string }[] }
/** what comes of a split: the record that is split off first, then the one it was merged into */
export interface Parting { titles: string[]; held: Held[] }
export interface Merged { winner: string; merged: string[]; before: Record<string, unknown> }
export interface MergedRow { id: string; title: string; winner: string; winner_title: string; at: string; by: string }
export interface Apart { ids: string[]; titles: string[]; at: string }
export interface Pages<T> { rows: T[]; next: number | null }

const enc = encodeURIComponent

export const bin = {
  page: (query: BinQuery): Promise<BinPage> => api.get('/api/bin', { ...query }),
  preview: (one: { module: string; id: string }): Promise<GonePreview> => api.get(`/api/bin/${enc(one.module)}/${enc(one.id)}`),
  restore: (records: { module: string; id: string }[], withParents: boolean, key: string): Promise<{ restored: Record<string, string[]> }> =>
    api.post('/api/bin/restore', { records, with_parents: withParents }, { key }),
}

export const merging = {
  groups: (module: string, kind: string, offset: number): Promise<GroupPage> => api.get(`/api/duplicates/${enc(module)}`, { kind, offset }),
  dismiss: (module: string, ids: string[], again = false): Promise<unknown> => api.post(`/api/duplicates/${enc(module)}/dismiss`, { ids, again }),
  dismissed: (module: string, offset: number): Promise<Pages<Apart>> => api.get(`/api/duplicates/${enc(module)}/dismissed`, { offset }),
  merged: (module: string, offset: number): Promise<Pages<MergedRow>> => api.get(`/api/merge/${enc(module)}`, { offset }),
  compare: (module: string, ids: string[]): Promise<Comparison> => api.post(`/api/merge/${enc(module)}/compare`, { ids }),
  merge: (module: string, winner: string, losers: string[], take: Record<string, string>, key: string): Promise<Merged> => api.post(`/api/merge/${enc(module)}`, { winner, losers, take }, { key }),
  parting: (module: string, loser: string): Promise<Parting> => api.get(`/api/merge/${enc(module)}/${enc(loser)}/parting`),
  undo: (module: string, ids: string[]): Promise<unknown> => api.post(`/api/merge/${enc(module)}/undo`, { ids }),
}
