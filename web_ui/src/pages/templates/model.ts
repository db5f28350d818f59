/** Print templates while they are laid out. Pure. */
import type { DocumentPrint } from '@/api/types'

export interface Piece { name: string; weight: number }
export interface Column { name: string; width: number }
export interface Layout {
  paper: DocumentPrint['paper']
  title: string
  above: string
  below: string
  head: Piece[][]
  columns: Column[]
  sums: string[]
  notes: string[]
  signs: string[]
  company: boolean
  footer: boolean
  spelled: boolean
  logo: boolean
  copies: number
  qr: boolean
  pictures: boolean
  watermark: string
  seal: boolean
}
export interface Offer { name: string; label: string; width: number }
export interface Shipped {
  name: string
  label: string
  titles: Record<string, string>
  layout: Layout
  columns: Offer[]
  /** words that may stand in { } */
  placeholders: string[]
  has: { company: boolean; footer: boolean; logo: boolean; spelled: boolean; pictures: boolean; seal: boolean }
}
export interface DocumentOffers { module: string; label: string; prints: Shipped[]; head: Offer[]; sums: Offer[]; notes: Offer[] }
export interface Template { id: string; rev: number; name: string; module: string; base: string; is_default: boolean; layout: Layout | null; /** why it cannot be used */ fault: string; at: string; by: string }
export interface Editor { documents: DocumentOffers[]; templates: Template[]; papers: { value: Layout['paper']; label: string }[]; may_change: boolean; copies_max: number }
export interface Body { name: string; module: string; base: string; is_default: boolean; layout: Layout }

/** What is being laid out; without an id it is not kept yet, or ships. */
export interface Draft extends Body { id: string | null; rev: number; ships: boolean }

export function draftOf(template: Template, shipped: Shipped): Draft {
  const { id, rev, name, module, is_default } = template
  return { id, rev, name, module, base: shipped.name, is_default, layout: template.layout ?? shipped.layout, ships: false }
}
export function shippedDraft(module: string, shipped: Shipped): Draft {
  return { id: null, rev: 0, name: shipped.label, module, base: shipped.name, is_default: false, layout: shipped.layout, ships: true }
}
export function newDraft(from: Draft, name: string): Draft {
  return { ...from, id: null, rev: 0, name, is_default: false, ships: false }
}
export function bodyOf({ name, module, base, is_default, layout }: Draft): Body { return { name, module, base, is_default, layout } }
export const sameDraft = (a: Draft | null, b: Draft | null): boolean => JSON.stringify(a && bodyOf(a)) === JSON.stringify(b && bodyOf(b))

/** A list of fields as it is edited: with a number each, and whether one begins a row. */
export interface Item { name: string; number?: number; first?: boolean }

export const headItems = (head: Piece[][]): Item[] => head.flatMap((row) => row.map(({ name, weight }, at) => ({ name, number: weight, first: at === 0 })))
export function headOf(items: Item[]): Piece[][] {
  const rows: Piece[][] = []
  for (const { name, number, first } of items) {
    const piece = { name, weight: number ?? 1 }
    const last = rows.at(-1)
    if (first || !last) rows.push([piece])
    else last.push(piece)
  }
  return rows
}
export function moved<T>(items: T[], at: number, by: 1 | -1): T[] {
  const next = [...items]
  const [one] = next.splice(at, 1)
  if (one !== undefined) next.splice(at + by, 0, one)
  return next
}

/** 制单、审核 */
export const wordsOf = (text: string): string[] => text.split(/[、,，;；\n]+/).map((word) => word.trim()).filter(Boolean)
