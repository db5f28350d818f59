import { t } from '@/locale'
import type { Value } from '../../api/types'
import { isEmpty, type FormatContext } from '../define'

/** What lies outside one's rights has a stub with a title; a title that is missing anyway is said, not hidden. */
export const unknown = (): string => t('（未知）')

export function formatRef(value: Value | undefined, context: FormatContext): string {
  if (isEmpty(value)) return ''
  const ids = Array.isArray(value) ? value : [String(value)]
  return ids.map((id) => context.labels[id] ?? unknown()).join('、')
}
