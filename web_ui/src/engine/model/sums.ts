/** Totals of rows, by the same rule as the server's (`summing.py`). Pure. */
import type { FieldInfo, Row } from '../../api/types'

export type SumWords = Record<string, string[]>

/** The total over rows; none of rows that must not be added up. */
export function sumOf(rows: Row[], field: FieldInfo): number | undefined {
  const rule = field.sum_rule
  const counted = rule?.posted ? rows.filter((row) => row.state === 'posted') : rows
  if (rule?.within && new Set(counted.map((row) => row[rule.within])).size > 1) return undefined
  const isOneKind = !rule?.by || new Set(rows.map((row) => row[rule.by])).size === 1
  const signOf = (row: Row): number => (isOneKind || !rule ? 1 : (rule.signs[String(row[rule.by])] ?? 1))
  return counted.reduce((sum, row) => sum + (typeof row[field.name] === 'number' ? (row[field.name] as number) * signOf(row) : 0), 0)
}

/** What the totals of some columns count, each word once: rules, then totals value by value. */
export function wordsOf(columns: string[], words: SumWords | null): string {
  const every = [...new Set(columns.flatMap((name) => words?.[name] ?? []))]
  const parts = every.filter((word) => word.includes('：'))
  return [...every.filter((word) => !word.includes('：')), ...(parts.length ? [parts.join('；')] : [])].join('，')
}
