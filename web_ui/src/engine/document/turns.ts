/** What can be made of a document: offered in its sheet and in its list alike. Pure. */
import { t } from '@/locale'
import type { DocumentInfo, DocumentTurn, Row } from '../../api/types'

const fitsKind = (about: DocumentInfo, turn: DocumentTurn, row: Row): boolean => !turn.kinds.length || turn.kinds.includes(String(row[about.kind ?? ''] ?? ''))

/** Of what counts only, and only of the kinds that it is for. */
export const turnsOf = (about: DocumentInfo, row: Row | null | undefined): DocumentTurn[] =>
  row?.state === 'posted' ? (about.turns ?? []).filter((one) => fitsKind(about, one, row)) : []

/** Why a turn is not to be had of the row with the cursor; null: it is. */
export function whyNoTurn(about: DocumentInfo, turn: DocumentTurn, row: Row | null, noun: string): string | null {
  if (!row) return t('请先选中{what}', { what: noun })
  if (!fitsKind(about, turn, row)) return t('这张{noun}不能用来{action}', { noun, action: turn.label })
  return row.state === 'posted' ? null : t('已过账的{noun}才能{action}', { noun, action: turn.label })
}
