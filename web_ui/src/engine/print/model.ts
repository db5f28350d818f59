/** What a print is made from, and how its pages stand on the screen. Pure. */
import type { FieldInfo, ListQuery, ModuleInfo } from '../../api/types'
import { canShow, widthOf, type Column } from '../model/layout'

export type Mark = 'page' | 'date' | 'company' | 'operator'
export const MARKS: Mark[] = ['page', 'date', 'company', 'operator']
export type Rows = 'all' | 'selected' | 'range'

/** Remembered per user and module under /api/state/print:<module>. */
export interface PrintSettings {
  /** null: whatever suits the width of the list */
  landscape: boolean | null
  fit: boolean
  title: string
  marks: Mark[]
  /** null: the columns the list shows */
  columns: string[] | null
}
export const DEFAULTS: PrintSettings = { landscape: null, fit: true, title: '', marks: MARKS, columns: null }

/** What is kept may be older than this program. */
export function settingsOf(kept: Partial<PrintSettings> | null, module: ModuleInfo): PrintSettings {
  const known = new Set(module.fields.filter(canShow).map((field) => field.name))
  const columns = kept?.columns?.filter((name) => known.has(name)) ?? null
  return {
    landscape: kept?.landscape ?? null,
    fit: kept?.fit ?? true,
    title: kept?.title ?? '',
    marks: kept?.marks?.filter((mark) => MARKS.includes(mark)) ?? MARKS,
    columns: columns?.length ? columns : null,
  }
}

/** px of the list that stand side by side on an upright page in full size: (210 − 28) mm, 9 pt for 13 px */
const UPRIGHT_PX = ((210 - 28) / 25.4) * 72 * (13 / 9)

export interface PrintColumn { name: string; width: number }
/** The columns to print, in the list's order; those it does not show come last, in their own width. */
export function columnsOf(settings: PrintSettings, list: Column[], fields: Map<string, FieldInfo>): PrintColumn[] {
  const wanted = settings.columns ? new Set(settings.columns) : null
  const chosen = list.filter((column) => (wanted ? wanted.has(column.field) : !column.hidden))
  return chosen.flatMap((column) => {
    const field = fields.get(column.field)
    return field ? [{ name: column.field, width: Math.round(Math.max(20, column.width || widthOf(field))) }] : []
  })
}
export function isLandscape(settings: PrintSettings, columns: PrintColumn[]): boolean {
  return settings.landscape ?? columns.reduce((sum, column) => sum + column.width, 0) > UPRIGHT_PX
}

export interface Range { first: number | null; last: number | null }
/** What is wrong with a range of rows, as a key for words, or null. */
export function rangeFault(range: Range, total: number | null): 'empty' | 'order' | 'beyond' | null {
  if (range.first === null && range.last === null) return 'empty'
  if (range.first !== null && range.last !== null && range.first > range.last) return 'order'
  return total !== null && range.first !== null && range.first > total ? 'beyond' : null
}

export interface PrintBody {
  columns: PrintColumn[]; query: ListQuery; ids?: string[]; first?: number; last?: number
  title: string; landscape: boolean; fit: boolean; marks: Mark[]
}

// ---- on the screen --------------------------------------------------------------------------------------------

export type Zoom = number | 'width' | 'page'
export type AtOnce = 1 | 2 | 4 | 8
export const AT_ONCE: AtOnce[] = [1, 2, 4, 8]
export const ZOOM_MIN = 0.25
export const ZOOM_MAX = 4
const STEPS = [0.25, 0.33, 0.5, 0.67, 0.75, 0.9, 1, 1.25, 1.5, 2, 3, 4]
/** between pages and around them */
export const GAP = 16
const COLUMNS: Record<AtOnce, number> = { 1: 1, 2: 2, 4: 2, 8: 4 }

export const columnsAtOnce = (n: AtOnce): number => COLUMNS[n]
export const clampZoom = (zoom: number): number => Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, zoom))
export function stepZoom(now: number, by: 1 | -1): number {
  const next = by > 0 ? STEPS.find((step) => step > now + 0.005) : [...STEPS].reverse().find((step) => step < now - 0.005)
  return next ?? clampZoom(now)
}
/** 49, 49% and ４９ are all a zoom. */
export function parseZoom(text: string): number | null {
  const n = Number(text.normalize('NFKC').replace('%', '').trim())
  return Number.isFinite(n) && n > 0 ? clampZoom(n / 100) : null
}

export interface Size { width: number; height: number }
/** The zoom in numbers: what fits, or what was asked for. `page` is a page at 100 %. */
export function zoomOf(zoom: Zoom, atOnce: AtOnce, page: Size, room: Size): number {
  if (typeof zoom === 'number') return clampZoom(zoom)
  const across = COLUMNS[atOnce]
  const down = atOnce / across
  const wide = (room.width - GAP * (across + 1)) / across / page.width
  const high = (room.height - GAP * (down + 1)) / down / page.height
  return clampZoom(zoom === 'width' ? wide : Math.min(wide, high))
}
