/** 对账单: what the server says of a party, and the days it is asked for. */
import type { Row } from '@/api/types'
import { addDays, isoDay, monthStart } from '@/composables/dates'
import type { StatementInfo } from '@/api/types'

export interface Amounts { owed: number; ahead: number }
export interface Entry extends Amounts { on: string; number: string; kind: string; more: number; less: number; module: string; document: string }
export interface Statement {
  label: string
  title: string
  words: { owed: string; ahead: string; more: string; less: string }
  opening: Amounts
  rows: Entry[]
  more: number
  less: number
  closing: Amounts & { net: number }
  ages: { label: string; amount: number }[]
  /** entries that this person may not see */
  hidden: number
}
export interface Span { since: string; until: string }

/** A browser draws so many rows at once without a wait. */
export const SHOWN_MAX = 2_000

export function monthOf(day: Date): Span { return { since: isoDay(monthStart(day)), until: isoDay(addDays(monthStart(addDays(monthStart(day), 40)), -1)) } }
export const lastMonth = (today: Date): Span => monthOf(addDays(monthStart(today), -1))
export const thisYear = (today: Date): Span => ({ since: `${today.getFullYear()}-01-01`, until: isoDay(today) })
export const thisMonth = (today: Date): Span => ({ since: isoDay(monthStart(today)), until: isoDay(today) })
export const ALL_DAYS: Span = { since: '', until: '' }

/** Whose statement a row leads to: its own, or that of the party it names. */
export function partyOf(info: StatementInfo, module: string, row: Row): { party: string; id: string } | null {
  if (!info.by.length) return { party: module, id: row.id }
  const party = info.by.find((name) => typeof row[name] === 'string')
  return party ? { party, id: row[party] as string } : null
}
