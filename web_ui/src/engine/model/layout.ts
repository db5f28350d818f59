/** Which columns a list shows, in which order: what the user left (C9) laid over what the module declares. */
import type { ColumnState, FieldInfo, ListLayout, ModuleInfo } from '../../api/types'

export interface Column { field: string; width: number; hidden: boolean; pinned: boolean }

export const canShow = (f: FieldInfo): boolean => !f.hidden && f.type !== 'password' && !f.for_new

/** xy finds 信用额度, so does 信用 */
export function labelFits(field: FieldInfo, typed: string): boolean {
  const want = typed.trim().toLowerCase()
  return !want || field.label.toLowerCase().includes(want) || field.initials.toLowerCase().includes(want)
}

export const WIDTH_MIN = 40
export const WIDTH_MAX = 800

export const widthOf = (f: FieldInfo): number => Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, f.width || 100))

/** As the module declares: its columns in their order, then everything else hidden, in form order. */
export function defaultColumns(module: ModuleInfo): Column[] {
  const fields = new Map(module.fields.filter(canShow).map((f) => [f.name, f]))
  const shown = module.columns.filter((name) => fields.has(name))
  const rest = [...fields.keys()].filter((name) => !shown.includes(name))
  return [...shown, ...rest].map((name) => ({
    field: name, width: widthOf(fields.get(name) as FieldInfo), hidden: !shown.includes(name), pinned: false,
  }))
}

/** Saved over declared: gone fields fall out; new fields come in hidden, or shown behind their left neighbour when the module lists them. */
export function mergeLayout(module: ModuleInfo, layout: ListLayout | null): Column[] {
  const base = defaultColumns(module)
  if (!layout?.columns?.length) return base
  const byName = new Map(base.map((c) => [c.field, c]))
  const columns: Column[] = []
  for (const saved of layout.columns) {
    const own = byName.get(saved.field)
    if (!own || columns.some((c) => c.field === saved.field)) continue
    columns.push({
      field: saved.field,
      width: saved.width ? Math.min(WIDTH_MAX, Math.max(WIDTH_MIN, saved.width)) : own.width,
      hidden: saved.hidden ?? false,
      pinned: saved.pinned === 'left',
    })
  }
  base.forEach((column, index) => {
    if (columns.some((c) => c.field === column.field)) return
    const left = base.slice(0, index).reverse().find((b) => columns.some((c) => c.field === b.field))
    const at = left ? columns.findIndex((c) => c.field === left.field) + 1 : 0
    columns.splice(column.hidden ? columns.length : at, 0, { ...column })
  })
  if (columns.every((c) => c.hidden)) return base
  return frozenFirst(columns)
}

/** Frozen columns stand before the pin line, whatever order they were dragged into. */
export function frozenFirst(columns: Column[]): Column[] {
  const frozen = columns.filter((c) => c.pinned && !c.hidden)
  return [...frozen, ...columns.filter((c) => !(c.pinned && !c.hidden))]
}

export function toStates(columns: Column[]): ColumnState[] {
  return columns.map((c) => ({ field: c.field, width: Math.round(c.width), hidden: c.hidden, pinned: c.pinned ? 'left' : null }))
}

export const visible = (columns: Column[]): Column[] => columns.filter((c) => !c.hidden)

/** "-date,name" ↔ [{field, dir}] */
export interface Sort { field: string; dir: 'asc' | 'desc' }
export function parseSort(text: string | undefined | null): Sort[] {
  return (text ?? '').split(',').map((s) => s.trim()).filter(Boolean)
    .map((s) => (s.startsWith('-') ? { field: s.slice(1), dir: 'desc' } : { field: s, dir: 'asc' }))
}
export const sortText = (sort: Sort[]): string => sort.map((s) => (s.dir === 'desc' ? '-' : '') + s.field).join(',')
