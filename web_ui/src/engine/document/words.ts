/** States of documents in words, the same everywhere. */
import type { DocumentState } from '@/api/types'
import { t } from '@/locale'

export function stateWords(state: DocumentState): string {
  return { draft: t('草稿'), posted: t('已过账'), cancelled: t('已作废') }[state] ?? state
}
export function stateTone(state: DocumentState): 'good' | 'draft' | 'bad' {
  return state === 'posted' ? 'good' : state === 'cancelled' ? 'bad' : 'draft'
}
