import { api } from '@/api/client'
import { onServerEvent } from '@/api/events'
import type { FieldInfo, LookupPage, LookupRow, Value } from '@/api/types'

export interface Target {
  module: string
  where: Record<string, Value>
  /** what must be filled in first, by field name; nothing can be chosen before */
  missing: string | null
}

type Values = Record<string, Value | undefined>

/** Where a reference points for this record: its module, and which candidates count. */
export function targetOf(field: FieldInfo, values: Values): Target {
  const where: Record<string, Value> = { ...field.where }
  let missing: string | null = null
  for (const [theirs, ours] of Object.entries(field.depends ?? {})) {
    const value = values[ours]
    if (value === undefined || value === null || value === '') missing ??= ours
    else where[theirs] = value
  }
  if (!field.target_by) return { module: field.target ?? '', where, missing }
  const kind = values[field.target_by.field]
  const module = typeof kind === 'string' ? field.target_by.modules[kind] : undefined
  return { module: module ?? field.target ?? '', where, missing: module || field.target ? missing : field.target_by.field }
}

export const PAGE_ROWS = 20
/** the most the server gives at once */
export const SMALL_ROWS = 200
const small = new Map<string, Promise<LookupPage>>()
onServerEvent('changed', ({ module }) => {
  for (const key of small.keys()) if (key.startsWith(`${module}?`)) small.delete(key)
})

export function lookup(module: string, query: { q?: string; limit?: number; where?: Record<string, Value>; ids?: string; for?: string }, signal?: AbortSignal): Promise<LookupPage> {
  const where = query.where && Object.keys(query.where).length ? query.where : undefined
  return api.get<LookupPage>(`/api/lookup/${module}`, { ...query, where }, signal ? { signal } : {})
}

/** All of a dictionary, fetched once and kept until it changes. */
export function lookupAll(module: string, where: Record<string, Value>, forField?: string): Promise<LookupPage> {
  const key = `${module}?${JSON.stringify(where)}&${forField ?? ''}`
  let page = small.get(key)
  if (!page) {
    page = lookup(module, { limit: SMALL_ROWS, where, ...(forField ? { for: forField } : {}) })
    small.set(key, page)
    page.catch(() => small.delete(key))
  }
  return page
}

/** 中, code or pinyin initials, as the server does it for large targets. */
export function matches(row: LookupRow, q: string): boolean {
  const word = q.trim().toLowerCase()
  return !word || row.title.toLowerCase().includes(word) || row.pinyin.toLowerCase().includes(word) || row.context.toLowerCase().includes(word)
}

/** Those that begin with it first. */
export function rank(rows: LookupRow[], q: string): LookupRow[] {
  const word = q.trim().toLowerCase()
  if (!word) return rows
  const score = (r: LookupRow): number =>
    r.title.toLowerCase() === word ? 0 : r.title.toLowerCase().startsWith(word) ? 1 : r.pinyin.toLowerCase().startsWith(word) ? 2 : 3
  return rows.filter((r) => matches(r, word)).map((r, i) => ({ r, i })).sort((a, b) => score(a.r) - score(b.r) || a.i - b.i).map(({ r }) => r)
}

/** [before, match, after] for the bold part */
export function split(text: string, q: string): [string, string, string] {
  const word = q.trim()
  const at = word ? text.toLowerCase().indexOf(word.toLowerCase()) : -1
  return at < 0 ? [text, '', ''] : [text.slice(0, at), text.slice(at, at + word.length), text.slice(at + word.length)]
}
