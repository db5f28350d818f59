/** Choosing the deletion takes a record away from everybody; it is asked once more. */
import type { Conflict, Take } from '@/api/types'
import { t } from '@/locale'
import { confirm } from '@/ui/confirm'

const SHOWN_MAX = 8

/** whether an answer deletes a record that is there now: who deleted it is always the losing side */
export function deletes(conflict: Conflict, take: Take): boolean {
  const kept = conflict.sides.find((side) => side.side === 'winner')?.text
  return conflict.is_life && take.take === 'loser' && conflict.now.text === kept
}
export function sureToDelete(conflicts: Conflict[]): Promise<boolean> {
  const [first] = conflicts
  const title = first && conflicts.length === 1 ? t('删除「{title}」？', { title: first.title }) : t('删除 {n} 条记录？', { n: conflicts.length })
  const items = conflicts.length > 1 ? conflicts.slice(0, SHOWN_MAX).map((one) => one.title) : []
  return confirm({ title, text: t('会从所有电脑上删除，之后还能恢复。'), ...(items.length ? { items } : {}), action: t('删除'), danger: true })
}
