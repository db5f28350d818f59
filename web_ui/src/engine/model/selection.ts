/** Chosen rows: either the ids ticked, or every row of the query except those unticked – also rows never loaded. */
export interface Selection { all: boolean; ids: ReadonlySet<string> }

export const NOTHING: Selection = { all: false, ids: new Set() }
export const EVERYTHING: Selection = { all: true, ids: new Set() }

export const has = (s: Selection, id: string): boolean => s.all !== s.ids.has(id)

export function countOf(s: Selection, total: number | null): number {
  return s.all ? Math.max(0, (total ?? 0) - s.ids.size) : s.ids.size
}

export const isNothing = (s: Selection, total: number | null): boolean => (s.all ? total !== null && countOf(s, total) === 0 : s.ids.size === 0)

export function setChosen(s: Selection, ids: Iterable<string>, chosen: boolean): Selection {
  const next = new Set(s.ids)
  for (const id of ids) {
    if (chosen === s.all) next.delete(id)
    else next.add(id)
  }
  return { all: s.all, ids: next }
}

export const toggle = (s: Selection, id: string): Selection => setChosen(s, [id], !has(s, id))

export const only = (ids: Iterable<string>): Selection => ({ all: false, ids: new Set(ids) })

/** the box in the head: none, some, all */
export function headState(s: Selection, total: number | null): 'none' | 'some' | 'all' {
  const n = countOf(s, total)
  if (s.all && s.ids.size === 0) return 'all'
  if (n === 0) return 'none'
  return total !== null && n >= total ? 'all' : 'some'
}

/** Deleted rows leave the selection. */
export function without(s: Selection, gone: Iterable<string>): Selection {
  const next = new Set(s.ids)
  for (const id of gone) next.delete(id)
  return { all: s.all, ids: next }
}
