import { t } from '@/locale'
import type { Value } from '../../api/types'
import type { Parsed } from '../define'

export const formatBool = (value: Value | undefined): string =>
  value === true || value === 1 ? t('是') : value === false || value === 0 ? t('否') : ''

const YES = new Set(['是', '对', '有', '√', '1', 'y', 'yes', 'true'])
const NO = new Set(['否', '不', '无', '×', '0', 'n', 'no', 'false'])

export function parseBool(text: string): Parsed {
  const word = text.trim().toLowerCase()
  if (!word) return { ok: true, value: null }
  if (YES.has(word)) return { ok: true, value: true }
  if (NO.has(word)) return { ok: true, value: false }
  return { ok: false, error: t('写 是 或 否') }
}
