/** Calendar days as `YYYY-MM-DD`; never through time zones. */
import { wallNow } from '@/composables/wall'

export interface Day { year: number; month: number; day: number }

const pad = (n: number, size = 2): string => String(n).padStart(size, '0')

export const isoOf = (d: Day): string => `${pad(d.year, 4)}-${pad(d.month)}-${pad(d.day)}`
export const dayOf = (now: Date): Day => ({ year: now.getFullYear(), month: now.getMonth() + 1, day: now.getDate() })
export const today = (now = wallNow()): string => isoOf(dayOf(now))

export function parts(iso: string): Day | null {
  const m = /^(\d{4})-(\d{2})-(\d{2})/.exec(iso)
  if (!m) return null
  return { year: Number(m[1]), month: Number(m[2]), day: Number(m[3]) }
}

export function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

export function validDay(d: Day): boolean {
  return d.year >= 1900 && d.year <= 2200 && d.month >= 1 && d.month <= 12 && d.day >= 1 && d.day <= daysInMonth(d.year, d.month)
}

export function addDays(iso: string, days: number): string {
  const p = parts(iso)
  if (!p) return iso
  const at = new Date(Date.UTC(p.year, p.month - 1, p.day + days))
  return isoOf({ year: at.getUTCFullYear(), month: at.getUTCMonth() + 1, day: at.getUTCDate() })
}

/** 0 = Monday … 6 = Sunday */
export function weekday(iso: string): number {
  const p = parts(iso)
  if (!p) return 0
  return (new Date(Date.UTC(p.year, p.month - 1, p.day)).getUTCDay() + 6) % 7
}

export function daysBetween(from: string, to: string): number {
  const a = parts(from), b = parts(to)
  if (!a || !b) return 0
  return Math.round((Date.UTC(b.year, b.month - 1, b.day) - Date.UTC(a.year, a.month - 1, a.day)) / 86_400_000)
}

export const WEEKDAYS = ['周一', '周二', '周三', '周四', '周五', '周六', '周日'] as const
