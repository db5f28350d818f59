import { t } from '@/locale'
import type { FieldInfo } from '../../api/types'
import type { Parsed } from '../define'
import { halfWidth } from '../shared/decimal'
import { parseText } from '../shared/text'

export function parseEmail(text: string, field: FieldInfo): Parsed {
  const parsed = parseText(halfWidth(text), field)
  if (!parsed.ok || parsed.value === null) return parsed
  if (!/^[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+$/.test(String(parsed.value))) return { ok: false, error: t('邮件地址写成 {sample} 的样子', { sample: 'lin@gongsi.cn' }) }
  return parsed
}
