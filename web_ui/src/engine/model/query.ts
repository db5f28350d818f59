/** What the list asks the server: everything that narrows it, apart from paging. */
import { wallNow } from '@/composables/wall'
import type { Filter, ListQuery, Period } from '../../api/types'
import { spanOf } from './period'

export interface QuickFind { field: string; value: string; from: string | null; to: string | null }

export interface ListState {
  period: Period
  filter: Filter
  quick: QuickFind | null
  group: string | null
  sort: string
  q: string
  /** only rows with this flaw */
  flaw?: string
}

export function buildQuery(state: ListState, hasDate: boolean, now = wallNow()): ListQuery {
  const query: ListQuery = {}
  if (state.q) query.q = state.q
  if (state.quick && state.quick.value) { query.field = state.quick.field; query.value = state.quick.value }
  const quickSpan = state.quick && (state.quick.from || state.quick.to)
  const span = hasDate ? spanOf(state.period, now) : null
  if (quickSpan && state.quick) {
    if (state.quick.from) query.from = state.quick.from
    if (state.quick.to) query.to = state.quick.to
  } else if (span) {
    if (span.from) query.from = span.from
    if (span.to) query.to = span.to
  }
  if (state.filter.and.length) query.filter = state.filter
  if (state.group) query.group = state.group
  if (state.flaw) query.flaw = state.flaw
  if (state.sort) query.sort = state.sort
  return query
}

/** 不显示: the list stays empty until something is asked for. */
export const showsNothing = (state: ListState): boolean => state.period.kind === 'none' && !state.quick && state.filter.and.length === 0 && !state.q && !state.flaw

export function toParams(query: ListQuery): URLSearchParams {
  const params = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '') continue
    params.set(key, key === 'filter' ? JSON.stringify(value) : String(value))
  }
  return params
}
