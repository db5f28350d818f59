import { expect, it } from 'vitest'
import { formatInstant, parseInstant } from './instant'

const now = new Date(2026, 10, 23, 9, 0)
const shown = (text: string): string => { const p = parseInstant(text, now); return p.ok ? formatInstant(p.value) : p.error }

it.each([
  ['14:30', '2026-11-23 14:30'], ['3-15 9:05', '2026-03-15 09:05'], ['今天 8：00', '2026-11-23 08:00'], ['明天9点', '2026-11-24 09:00'],
  ['2026-11-23 10:41', '2026-11-23 10:41'], ['0315', '2026-03-15 00:00'], ['25:00', '时间写成 14:30 的样子'],
])('%s → %s', (text, wall) => expect(shown(text)).toBe(wall))
