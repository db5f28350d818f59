import { t } from '@/locale'
import type { FieldInfo } from '../../api/types'
import type { Parsed } from '../define'
import { parseText } from '../shared/text'

/** As typed; `www.x.cn` needs no scheme, but a space or a lone word is a slip of the pen. */
export function parseUrl(text: string, field: FieldInfo): Parsed {
  const parsed = parseText(text, field)
  if (!parsed.ok || parsed.value === null) return parsed
  if (/\s/.test(String(parsed.value)) || !String(parsed.value).includes('.')) return { ok: false, error: t('网址写成 www.公司.cn 的样子') }
  return parsed
}
