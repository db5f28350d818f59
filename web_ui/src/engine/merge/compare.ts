/** Which of several records stays, and which values are taken over into it. */
import type { FieldInfo, Labels, Row, Value } from '@/api/types'
import { formatValue } from '@/fields'
import { t } from '@/locale'
import type { Parting } from './calls'

/** points from which the server takes records for the same, and for likely the same (likeness.py) */
const SAME = 100, LIKELY = 60
export type Sureness = 'same' | 'likely' | 'some'
export const surenessOf = (points: number): Sureness => (points >= SAME ? 'same' : points >= LIKELY ? 'likely' : 'some')
/** In words: nobody knows what 110 points are. */
export const sureWords = (sure: Sureness): string => ({ same: t('很可能是同一个'), likely: t('可能是同一个'), some: t('有相同处') })[sure]

const NEVER = new Set(['password'])

export interface Line { field: FieldInfo; differs: boolean; canTake: boolean }

export function isBlank(value: Value | undefined): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0) || value === false
}

/** A line for every field that one of the records has filled in. What reads the same is no difference to choose between: the same barcode, though each record has it as a row of its own. */
export function linesOf(fields: FieldInfo[], rows: Row[], labels: Labels): Line[] {
  const same = (field: FieldInfo, a: Value | undefined, b: Value | undefined): boolean =>
    (isBlank(a) && isBlank(b)) || JSON.stringify(a) === JSON.stringify(b) || (areNamed(field, [a, b], labels) && formatValue(a, field, { labels }) === formatValue(b, field, { labels }))
  return fields
    .filter((field) => !field.hidden && !NEVER.has(field.type) && rows.some((row) => !isBlank(row[field.name])))
    .map((field) => {
      const differs = rows.some((row) => !same(field, row[field.name], rows[0]?.[field.name]))
      return { field, differs, canTake: differs && !field.readonly && field.sortable }
    })
}

/** Records without a title read alike, too, and are not. */
const areNamed = (field: FieldInfo, values: (Value | undefined)[], labels: Labels): boolean =>
  !field.type.startsWith('ref') || values.flat().every((id) => isBlank(id) || String(id) in labels)

/** The one that knows most stays; of equals the older. */
export function richest(fields: FieldInfo[], rows: Row[]): string {
  const filled = (row: Row): number => fields.filter((field) => !isBlank(row[field.name])).length
  return [...rows].sort((a, b) => filled(b) - filled(a) || String(a.created_at ?? '').localeCompare(String(b.created_at ?? '')))[0]?.id ?? ''
}

/** What the winner does not know and another does. */
export function gaps(lines: Line[], rows: Row[], winner: string): Record<string, string> {
  const take: Record<string, string> = {}
  const kept = rows.find((row) => row.id === winner)
  for (const { field, canTake } of lines) {
    if (!canTake || !kept || !isBlank(kept[field.name])) continue
    const other = rows.find((row) => row.id !== winner && !isBlank(row[field.name]))
    if (other) take[field.name] = other.id
  }
  return take
}

/** What falls below zero by a split: where, whose, and how far. */
export function falling(parting: Parting): { title: string; place: string; label: string; amount: string }[] {
  return parting.held.flatMap(({ label, rows }) => rows.flatMap(({ place, each, below }) => each.flatMap((amount, i) => (below[i] ? [{ title: parting.titles[i] ?? '', place, label, amount }] : []))))
}
